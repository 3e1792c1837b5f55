import { narrowArc, narrowSigned, setArc, smax, smin, umax, umin } from './bounds';

// Bounds (of either width: see bounds.ts) of sums, differences and products.

/** Whether a sum of two lengths is less than all the numbers there are. */
function fit<T>(one: T, other: T): bool {
  return one + other >= one;
}

function unsignedLength<T>(at: u32): T {
  return umax<T>(at) - umin<T>(at);
}

function signedLength<T, S>(at: u32): T {
  return (smax<S>(at) - smin<S>(at)) as T;
}

/**
 * The sum of two arcs is the arc between the sums of their ends, unless it is longer than the number range.
 */
export function addBounds<T, S>(d: u32, s: u32): void {
  const low = umin<T>(d) + umin<T>(s);
  const high = umax<T>(d) + umax<T>(s);
  const signedLow = (smin<S>(d) + smin<S>(s)) as T;
  const signedHigh = (smax<S>(d) + smax<S>(s)) as T;
  const isArc = fit<T>(unsignedLength<T>(d), unsignedLength<T>(s));
  const isSignedArc = fit<T>(signedLength<T, S>(d), signedLength<T, S>(s));
  setArc<T, S>(d, low, high, isArc);
  if (isSignedArc) narrowArc<T, S>(d, signedLow, signedHigh);
}

export function subBounds<T, S>(d: u32, s: u32): void {
  const low = umin<T>(d) - umax<T>(s);
  const high = umax<T>(d) - umin<T>(s);
  const signedLow = (smin<S>(d) - smax<S>(s)) as T;
  const signedHigh = (smax<S>(d) - smin<S>(s)) as T;
  const isArc = fit<T>(unsignedLength<T>(d), unsignedLength<T>(s));
  const isSignedArc = fit<T>(signedLength<T, S>(d), signedLength<T, S>(s));
  setArc<T, S>(d, low, high, isArc);
  if (isSignedArc) narrowArc<T, S>(d, signedLow, signedHigh);
}

/** Whether a product is less than 2^64. */
function productFits(a: u64, b: u64): bool {
  const zeros = clz(a) + clz(b);
  if (zeros != 63) return zeros > 63;
  return (a * b) / b == a;
}

function magnitude(x: i64): u64 {
  return x < 0 ? 0 - (x as u64) : (x as u64);
}

/** Whether a product is in the range of i64 (its least number aside). */
function signedProductFits(a: i64, b: i64): bool {
  return productFits(magnitude(a), magnitude(b)) && (magnitude(a) * magnitude(b)) >> 63 == 0;
}

export function mulBounds64(d: u32, s: u32): void {
  const isArc = productFits(umax<u64>(d), umax<u64>(s));
  const low = umin<u64>(d) * umin<u64>(s);
  const high = umax<u64>(d) * umax<u64>(s);
  const a = smin<i64>(d);
  const b = smax<i64>(d);
  const e = smin<i64>(s);
  const f = smax<i64>(s);
  setArc<u64, i64>(d, low, high, isArc);
  const fitLow = signedProductFits(a, e) && signedProductFits(a, f);
  const fitHigh = signedProductFits(b, e) && signedProductFits(b, f);
  if (fitLow && fitHigh) {
    const least = min<i64>(min<i64>(a * e, a * f), min<i64>(b * e, b * f));
    const most = max<i64>(max<i64>(a * e, a * f), max<i64>(b * e, b * f));
    narrowSigned<i64>(d, least, most);
  }
}

const HALF: u64 = 0xffff_ffff;

/** Products of halves do not overflow 64 bits; of these, arcs of less than 2^32 keep their ends. */
export function mulBounds32(d: u32, s: u32): void {
  const low = (umin<u32>(d) as u64) * umin<u32>(s);
  const high = (umax<u32>(d) as u64) * umax<u32>(s);
  const a: i64 = smin<i32>(d);
  const b: i64 = smax<i32>(d);
  const e: i64 = smin<i32>(s);
  const f: i64 = smax<i32>(s);
  const least = min<i64>(min<i64>(a * e, a * f), min<i64>(b * e, b * f));
  const most = max<i64>(max<i64>(a * e, a * f), max<i64>(b * e, b * f));
  setArc<u32, i32>(d, low as u32, high as u32, high - low <= HALF);
  if ((most - least) as u64 <= HALF) narrowArc<u32, i32>(d, least as u32, most as u32);
}

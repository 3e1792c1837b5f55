import { narrowSigned, narrowUnsigned, setUnbounded, smax, smin, umax, umin } from './bounds';

// Bounds (of either width: see bounds.ts) of quotients and remainders. Division by zero gives 0, the
// remainder by zero is the dividend, the least number divided by -1 is itself (RFC 9669, section 4.1).

export function divBounds<T, S>(d: u32, s: u32): void {
  const least = umin<T>(s);
  const low = least == 0 ? 0 : umin<T>(d) / umax<T>(s);
  const high = umax<T>(d) / max<T>(least, 1);
  setUnbounded<T, S>(d);
  narrowUnsigned<T>(d, low, high);
}

/** Whether the dividend is below the divisor, and thus its own remainder. */
export function isBelow<T>(d: u32, s: u32): bool {
  return umax<T>(d) < umin<T>(s);
}

/** The remainder is at most the dividend, and below a divisor that is not 0. */
export function modBounds<T, S>(d: u32, s: u32): void {
  const least = umin<T>(s);
  const most = umax<T>(s);
  const high = least == 0 ? umax<T>(d) : min<T>(umax<T>(d), most - 1);
  setUnbounded<T, S>(d);
  narrowUnsigned<T>(d, 0, high);
}

/**
 * -1 divides like 1 with the sign turned; the least number of all has no counterpart, and is handled
 * before.
 */
function quotient<S>(a: S, b: S): S {
  return b == -1 ? 0 - a : a / b;
}

/** The least and the greatest quotient so far. */
let low: i64 = 0;
let high: i64 = 0;

/**
 * Divisors of one sign: the quotient grows or falls all the way in either operand, so its extremes are at
 * the ends.
 */
function takeCorners<S>(a: S, b: S, from: S, to: S): void {
  if (from > to) return;
  const one = quotient<S>(a, from);
  const two = quotient<S>(a, to);
  const three = quotient<S>(b, from);
  const four = quotient<S>(b, to);
  low = min<i64>(low, min<i64>(min<i64>(one, two), min<i64>(three, four)));
  high = max<i64>(high, max<i64>(max<i64>(one, two), max<i64>(three, four)));
}

export function sdivBounds<T, S>(d: u32, s: u32): void {
  const a = smin<S>(d);
  const b = smax<S>(d);
  const from = smin<S>(s);
  const to = smax<S>(s);
  const hasZero = from <= 0 && to >= 0;
  setUnbounded<T, S>(d);
  if (a == 0 - a && a != 0 && from <= -1 && to >= -1) return;
  low = hasZero ? 0 : i64.MAX_VALUE;
  high = hasZero ? 0 : i64.MIN_VALUE;
  takeCorners<S>(a, b, from, min<S>(to, -1));
  takeCorners<S>(a, b, max<S>(from, 1), to);
  narrowSigned<S>(d, low as S, high as S);
}

/**
 * Largest magnitude of a remainder: one less than the divisor's; all there is when the divisor may be 0 or
 * least.
 */
function mostRemainder<S>(from: S, to: S): S {
  const least = (1 as S) << ((sizeof<S>() * 8 - 1) as S);
  if ((from <= 0 && to >= 0) || from == least) return ~least;
  return from > 0 ? to - 1 : ~from;
}

/** The remainder has the dividend's sign and at most its magnitude. */
export function smodBounds<T, S>(d: u32, s: u32): void {
  const a = smin<S>(d);
  const b = smax<S>(d);
  const from = smin<S>(s);
  const to = smax<S>(s);
  const most = mostRemainder<S>(from, to);
  setUnbounded<T, S>(d);
  narrowSigned<S>(d, min<S>(a, 0), max<S>(b, 0));
  if (from > 0 || to < 0) narrowSigned<S>(d, 0 - most, most);
}

import { SCALAR_32 } from '../../src/abi/verifier';
import { narrowUnsigned, narrowSigned, setUnbounded, smax, smin, umax, umin } from './bounds';
import { maskOf, valueOf } from './scalar';

// Shift counts are taken modulo the width (RFC 9669, section 4.1): `least` to `most` below are such counts.
// Bounds are of either width: see bounds.ts.

/** The least count that `s` may give to a shift of `width` bits. */
export function leastCount(s: u32, width: u64): u64 {
  const bits = width - 1;
  const known = valueOf(s) & bits;
  return umax<u32>(s + SCALAR_32) < (width as u32) ? max<u64>(known, umin<u32>(s + SCALAR_32)) : known;
}

/** The greatest count that `s` may give to a shift of `width` bits. */
export function greatestCount(s: u32, width: u64): u64 {
  const bits = width - 1;
  const possible = (valueOf(s) | maskOf(s)) & bits;
  return umax<u32>(s + SCALAR_32) < (width as u32) ? min<u64>(possible, umax<u32>(s + SCALAR_32)) : possible;
}

/** Bounds at `d` of what is in the bounds [low, high] and [signedLow, signedHigh], shifted left. */
function setShiftedLeft<T, S>(d: u32, low: T, high: T, signedLow: S, signedHigh: S, least: T, most: T): void {
  setUnbounded<T, S>(d);
  if ((high << most) >> most == high) narrowUnsigned<T>(d, low << least, high << most);
  const lowCount = (signedLow < 0 ? most : least) as S;
  const highCount = (signedHigh < 0 ? least : most) as S;
  const count = most as S;
  if ((signedLow << count) >> count == signedLow && (signedHigh << count) >> count == signedHigh) {
    narrowSigned<S>(d, signedLow << lowCount, signedHigh << highCount);
  }
}

export function shiftLeftBounds<T, S>(d: u32, least: T, most: T): void {
  setShiftedLeft<T, S>(d, umin<T>(d), umax<T>(d), smin<S>(d), smax<S>(d), least, most);
}

/**
 * A shift by 32 and more moves only the low half, whose bounds are at `low`: `<< 32` begins a sign
 * extension.
 */
export function shiftHalfLeftBounds(d: u32, low: u32, least: u64, most: u64): void {
  setShiftedLeft<u64, i64>(
    d,
    umin<u32>(low) as u64,
    umax<u32>(low) as u64,
    smin<i32>(low) as i64,
    smax<i32>(low) as i64,
    least,
    most,
  );
}

export function shiftRightBounds<T, S>(d: u32, least: T, most: T): void {
  const low = umin<T>(d) >> most;
  const high = umax<T>(d) >> least;
  setUnbounded<T, S>(d);
  narrowUnsigned<T>(d, low, high);
}

export function shiftRightSignedBounds<T, S>(d: u32, least: S, most: S): void {
  const low = smin<S>(d) >> (smin<S>(d) < 0 ? least : most);
  const high = smax<S>(d) >> (smax<S>(d) < 0 ? most : least);
  setUnbounded<T, S>(d);
  narrowSigned<S>(d, low, high);
}

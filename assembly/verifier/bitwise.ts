import { narrowSigned, narrowUnsigned, setUnbounded, smax, smin, umax, umin } from './bounds';

// Bounds (of either width: see bounds.ts) of and, or, xor. `value` and `mask` are the tnum of the result.

/** Ones for all bits that differ from the sign bit in some number of these signed bounds. */
function magnitudeBits<S>(at: u32): S {
  const shift = (sizeof<S>() * 8 - 1) as S;
  return (smin<S>(at) ^ (smin<S>(at) >> shift)) | (smax<S>(at) ^ (smax<S>(at) >> shift));
}

/**
 * Bits that are copies of the sign in both operands are so in the result: it needs no more bits than they
 * do.
 */
function setSignedMagnitude<T, S>(d: u32, s: u32): void {
  const bits = magnitudeBits<S>(d) | magnitudeBits<S>(s);
  const most = (bits == 0 ? 0 : ~(0 as T) >> clz<S>(bits)) as S;
  setUnbounded<T, S>(d);
  narrowSigned<S>(d, ~most, most);
}

export function andBounds<T, S>(d: u32, s: u32, value: T): void {
  const high = min<T>(umax<T>(d), umax<T>(s));
  setSignedMagnitude<T, S>(d, s);
  narrowUnsigned<T>(d, value, high);
}

export function orBounds<T, S>(d: u32, s: u32, value: T, mask: T): void {
  const low = max<T>(umin<T>(d), umin<T>(s));
  setSignedMagnitude<T, S>(d, s);
  narrowUnsigned<T>(d, low, value | mask);
}

export function xorBounds<T, S>(d: u32, s: u32, value: T, mask: T): void {
  setSignedMagnitude<T, S>(d, s);
  narrowUnsigned<T>(d, value, value | mask);
}

import { ENDIAN_LE, SCALAR_32, SCALAR_64 } from '../../src/abi/verifier';
import {
  narrowSigned,
  narrowUnsigned,
  setSigned,
  setUnbounded,
  setUnsigned,
  smax,
  smin,
  umax,
  umin,
} from './bounds';
import { maskOf, setTnum, setUnknown, valueOf } from './scalar';
import { sync } from './sync';
import { signExtendTnum, zeroExtendTnum } from './tnum';

/** The 64-bit bounds of a low half whose upper half is zero. */
export function zeroExtendHalf(r: u32): void {
  const low = umin<u32>(r + SCALAR_32);
  const high = umax<u32>(r + SCALAR_32);
  zeroExtendTnum(r, 32);
  setUnsigned<u64>(r + SCALAR_64, low, high);
  setSigned<i64>(r + SCALAR_64, low, high);
}

/** The 64-bit bounds of a low half whose upper half copies its sign. */
function signExtendHalf(r: u32): void {
  const low = smin<i32>(r + SCALAR_32);
  const high = smax<i32>(r + SCALAR_32);
  signExtendTnum(r, 32);
  setUnbounded<u64, i64>(r + SCALAR_64);
  setSigned<i64>(r + SCALAR_64, low, high);
}

/**
 * Narrows both widths to the numbers of `bits` bits, at most 16, that the last bits of low to high pass
 * through.
 */
function narrowToLast(r: u32, low: u64, high: u64, bits: u64): void {
  const last = (-1 as u64) >> (64 - bits);
  if (high - low > last || (low & last) > (high & last)) return;
  narrowUnsigned<u64>(r + SCALAR_64, low & last, high & last);
}

function narrowToLastSigned(r: u32, low: u64, high: u64, bits: u64): void {
  const lost = 64 - bits;
  const from = ((low << lost) as i64) >> lost;
  const to = ((high << lost) as i64) >> lost;
  if (high - low > (-1 as u64) >> lost || from > to) return;
  narrowSigned<i64>(r + SCALAR_64, from, to);
}

/** Replaces the scalar by its last `bytes` (1, 2 or 4) bytes. */
export function zeroExtend(r: u32, bytes: u32): void {
  if (bytes == 4) {
    zeroExtendHalf(r);
  } else {
    const bits: u64 = bytes * 8;
    const wide = r + SCALAR_64;
    const half = r + SCALAR_32;
    const low = umin<u64>(wide);
    const high = umax<u64>(wide);
    const signedLow = smin<i64>(wide);
    const signedHigh = smax<i64>(wide);
    zeroExtendTnum(r, bits);
    setUnbounded<u64, i64>(wide);
    narrowToLast(r, low, high, bits);
    narrowToLast(r, signedLow, signedHigh, bits);
    narrowToLast(r, umin<u32>(half), umax<u32>(half), bits);
    narrowToLast(r, smin<i32>(half) as i64, smax<i32>(half) as i64, bits);
    setUnbounded<u32, i32>(half);
  }
  sync(r);
}

/** Replaces the scalar by its last `bytes` (1, 2 or 4) bytes, sign-extended to 64 bits. */
export function signExtend(r: u32, bytes: u32): void {
  if (bytes == 4) {
    signExtendHalf(r);
  } else {
    const bits: u64 = bytes * 8;
    const wide = r + SCALAR_64;
    const half = r + SCALAR_32;
    const low = umin<u64>(wide);
    const high = umax<u64>(wide);
    const signedLow = smin<i64>(wide);
    const signedHigh = smax<i64>(wide);
    const most = ((1 as i64) << (bits - 1)) - 1;
    signExtendTnum(r, bits);
    setUnbounded<u64, i64>(wide);
    setSigned<i64>(wide, ~most, most);
    narrowToLastSigned(r, low, high, bits);
    narrowToLastSigned(r, signedLow, signedHigh, bits);
    narrowToLastSigned(r, umin<u32>(half), umax<u32>(half), bits);
    narrowToLastSigned(r, smin<i32>(half) as i64, smax<i32>(half) as i64, bits);
    setUnbounded<u32, i32>(half);
  }
  sync(r);
}

/** Reverses the order of the last `bits` (16, 32 or 64) bits' bytes; the other bits become 0. */
function swapped(x: u64, bits: u32): u64 {
  return bswap<u64>(x) >> (64 - bits);
}

/** le, be and bswap on a little-endian machine: the first only cuts, the others also swap. */
export function endian(op: u32, bits: u32, r: u32): void {
  if (op == ENDIAN_LE) {
    if (bits < 64) zeroExtend(r, bits >> 3);
    return;
  }
  const value = swapped(valueOf(r), bits);
  const mask = swapped(maskOf(r), bits);
  setUnknown(r);
  setTnum(r, value, mask);
  sync(r);
}

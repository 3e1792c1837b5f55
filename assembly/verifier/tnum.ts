import { maskOf, setTnum, valueOf } from './scalar';

// Tristate numbers (Vishwanathan et al., "Sound, Precise, and Fast Abstract Interpretation with Tristate
// Numbers", CGO 2022), as Linux has them. Each operation changes the tnum at `d` and leaves the bounds
// there alone. The low half of sum, difference, product and bitwise results depends on low halves only:
// these serve 32-bit operations too.

export function addTnum(d: u32, s: u32): void {
  const mask = maskOf(d) | maskOf(s);
  const least = valueOf(d) + valueOf(s);
  const most = least + maskOf(d) + maskOf(s);
  const unknown = (least ^ most) | mask;
  setTnum(d, least & ~unknown, unknown);
}

export function subTnum(d: u32, s: u32): void {
  const difference = valueOf(d) - valueOf(s);
  const most = difference + maskOf(d);
  const least = difference - maskOf(s);
  const unknown = (least ^ most) | maskOf(d) | maskOf(s);
  setTnum(d, difference & ~unknown, unknown);
}

export function andTnum(d: u32, s: u32): void {
  const ones = valueOf(d) & valueOf(s);
  const possible = (valueOf(d) | maskOf(d)) & (valueOf(s) | maskOf(s));
  setTnum(d, ones, possible & ~ones);
}

export function orTnum(d: u32, s: u32): void {
  const ones = valueOf(d) | valueOf(s);
  setTnum(d, ones, (maskOf(d) | maskOf(s)) & ~ones);
}

export function xorTnum(d: u32, s: u32): void {
  const mask = maskOf(d) | maskOf(s);
  setTnum(d, (valueOf(d) ^ valueOf(s)) & ~mask, mask);
}

/** The zeros at the end of a product are at least those of both factors. */
function mulZeros(d: u32, s: u32): void {
  const zeros = ctz(valueOf(d) | maskOf(d)) + ctz(valueOf(s) | maskOf(s));
  setTnum(d, 0, zeros > 63 ? 0 : (-1 as u64) << zeros);
}

/**
 * Long multiplication: a bit of `d` that is 1 adds the shifted `s`, one that is unknown may or may not add
 * it. Bits that are 0 are skipped.
 */
export function mulTnum(d: u32, s: u32): void {
  if (~maskOf(d) == 0 || ~maskOf(s) == 0) return mulZeros(d, s);
  const value = valueOf(d);
  const factorValue = valueOf(s);
  const factorMask = maskOf(s);
  let sum: u64 = 0;
  let unknown: u64 = 0;
  for (let bits = value | maskOf(d); bits != 0 && ~unknown != 0; bits &= bits - 1) {
    const bit = ctz(bits);
    const mask = unknown | (factorMask << bit);
    const least = sum + (factorValue << bit);
    const most = least + unknown + (factorMask << bit);
    const doubt = (least ^ most) | mask;
    const added = least & ~doubt;
    unknown = (value >> bit) & 1 ? doubt : unknown | doubt | (sum ^ added);
    sum = added & ~unknown;
  }
  setTnum(d, sum, unknown);
}

/** By `least` to `most` bits; where these differ, only the zeros at the end remain known. */
export function shiftLeftTnum(d: u32, least: u64, most: u64): void {
  const value = valueOf(d);
  const mask = maskOf(d);
  if (least == most) return setTnum(d, value << least, mask << least);
  const zeros = ctz(value | mask) + least;
  setTnum(d, 0, zeros > 63 ? 0 : (-1 as u64) << zeros);
}

export function shiftRightTnum(d: u32, least: u64, most: u64): void {
  if (least == most) return setTnum(d, valueOf(d) >> least, maskOf(d) >> least);
  const zeros = clz(valueOf(d) | maskOf(d)) + least;
  setTnum(d, 0, zeros > 63 ? 0 : (-1 as u64) >> zeros);
}

/** Division by a constant power of two is a shift; nothing is known bit by bit of other quotients. */
export function divTnum(d: u32, s: u32): void {
  const divisor = valueOf(s);
  if (maskOf(s) != 0 || popcnt(divisor) != 1) return setTnum(d, 0, -1);
  const bits = ctz(divisor);
  setTnum(d, valueOf(d) >> bits, maskOf(d) >> bits);
}

/**
 * A divisor that is a multiple of 2^k (zero is, too) leaves the last k bits as they are. Of signed
 * remainders as well.
 */
export function modTnum(d: u32, s: u32): void {
  const divisor = valueOf(s) | maskOf(s);
  const kept = divisor == 0 ? -1 : (divisor & (0 - divisor)) - 1;
  setTnum(d, valueOf(d) & kept, maskOf(d) | ~kept);
}

/** A sign that is not known makes unknown all the bits it is copied to. */
export function shiftRightSignedTnum(d: u32, least: u64, most: u64): void {
  const value = (valueOf(d) as i64) >> least;
  const mask = (maskOf(d) as i64) >> least;
  if (least == most) setTnum(d, value, mask);
  else setTnum(d, 0, -1);
}

/** Keeps the low `bits` bits; the others become 0. */
export function zeroExtendTnum(d: u32, bits: u64): void {
  const kept = (-1 as u64) >> (64 - bits);
  setTnum(d, valueOf(d) & kept, maskOf(d) & kept);
}

/** Keeps the low `bits` bits; the others become copies of the highest of these. */
export function signExtendTnum(d: u32, bits: u64): void {
  const lost = 64 - bits;
  const value = ((valueOf(d) << lost) as i64) >> lost;
  const mask = ((maskOf(d) << lost) as i64) >> lost;
  setTnum(d, value, mask);
}

/** Narrows by bits known from elsewhere. False when a bit would have to be both 0 and 1. */
export function narrowTnum(d: u32, value: u64, mask: u64): bool {
  const both = maskOf(d) & mask;
  const conflict = (valueOf(d) ^ value) & ~(maskOf(d) | mask);
  setTnum(d, (valueOf(d) | value) & ~both, both);
  return conflict == 0;
}

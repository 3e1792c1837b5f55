import { SCALAR_32, SCALAR_64, SCALAR_MASK, SCALAR_VALUE } from '../../src/abi/verifier';
import { contain, enclose, setSigned, setUnbounded, setUnsigned } from './bounds';

// Scalars at addresses: see src/abi/verifier.ts.

export function valueOf(r: u32): u64 {
  return load<u64>(r, SCALAR_VALUE);
}

/** Bits that are not known. */
export function maskOf(r: u32): u64 {
  return load<u64>(r, SCALAR_MASK);
}

export function setTnum(r: u32, value: u64, mask: u64): void {
  store<u64>(r, value, SCALAR_VALUE);
  store<u64>(r, mask, SCALAR_MASK);
}

export function isConst(r: u32): bool {
  return maskOf(r) == 0;
}

/** Whether the low half is one value. */
export function isConst32(r: u32): bool {
  return (maskOf(r) as u32) == 0;
}

export function setUnknown(r: u32): void {
  setTnum(r, 0, -1);
  setUnbounded<u64, i64>(r + SCALAR_64);
  setUnbounded<u32, i32>(r + SCALAR_32);
}

export function setConst(r: u32, value: u64): void {
  setTnum(r, value, 0);
  setUnsigned<u64>(r + SCALAR_64, value, value);
  setSigned<i64>(r + SCALAR_64, value, value);
  setUnsigned<u32>(r + SCALAR_32, value as u32, value as u32);
  setSigned<i32>(r + SCALAR_32, value as i32, value as i32);
}

export function copy(to: u32, from: u32): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}

export function equal(a: u32, b: u32): bool {
  const low = v128.or(
    v128.xor(v128.load(a), v128.load(b)),
    v128.xor(v128.load(a, 16), v128.load(b, 16)),
  );
  const high = v128.or(
    v128.xor(v128.load(a, 32), v128.load(b, 32)),
    v128.xor(v128.load(a, 48), v128.load(b, 48)),
  );
  return !v128.any_true(v128.or(low, high));
}

/** Whether the scalar may be `x`. */
export function contains(r: u32, x: u64): bool {
  return (
    (x & ~maskOf(r)) == valueOf(r) &&
    contain<u64, i64>(r + SCALAR_64, x) &&
    contain<u32, i32>(r + SCALAR_32, x as u32)
  );
}

/**
 * Whether all that `inner` may be, `outer` may be too, bound by bound (range_within and tnum_in in the
 * kernel).
 */
export function within(outer: u32, inner: u32): bool {
  const unknown = maskOf(outer);
  return (
    (maskOf(inner) & ~unknown) == 0 &&
    (valueOf(inner) & ~unknown) == valueOf(outer) &&
    enclose<u64, i64>(outer + SCALAR_64, inner + SCALAR_64) &&
    enclose<u32, i32>(outer + SCALAR_32, inner + SCALAR_32)
  );
}

/** Atomic instructions (RFC 9669, section 5.3). Plain instructions where the memory is not shared. */
import {
  ATOMIC_ADD,
  ATOMIC_AND,
  ATOMIC_CMPXCHG,
  ATOMIC_FETCH,
  ATOMIC_OR,
  ATOMIC_XCHG,
} from '../../src/interp/opcodes';

/** Executes `kind` (ATOMIC_* of 4 bytes) at `address`: `s` is the address of register src, `r` that of r0. */
export function atomic32(address: u32, kind: u32, r: u32, s: u32): void {
  const op = kind & ~ATOMIC_FETCH;
  const old = modify32(address, op, load<u32>(s), load<u32>(r));
  if (kind & ATOMIC_FETCH) store<u64>(op == ATOMIC_CMPXCHG ? r : s, old);
}

/** As atomic32, for 8 bytes. */
export function atomic64(address: u32, kind: u32, r: u32, s: u32): void {
  const op = kind & ~ATOMIC_FETCH;
  const old = modify64(address, op, load<u64>(s), load<u64>(r));
  if (kind & ATOMIC_FETCH) store<u64>(op == ATOMIC_CMPXCHG ? r : s, old);
}

/** Zero-extends. */
export function loadAcquire(address: u32, size: u32): u64 {
  if (size == 1) return ASC_FEATURE_THREADS ? atomic.load<u8>(address) : load<u8>(address);
  if (size == 2) return ASC_FEATURE_THREADS ? atomic.load<u16>(address) : load<u16>(address);
  if (size == 4) return ASC_FEATURE_THREADS ? atomic.load<u32>(address) : load<u32>(address);
  return ASC_FEATURE_THREADS ? atomic.load<u64>(address) : load<u64>(address);
}

export function storeRelease(address: u32, size: u32, value: u64): void {
  if (ASC_FEATURE_THREADS) storeShared(address, size, value);
  else storePlain(address, size, value);
}

function storePlain(address: u32, size: u32, value: u64): void {
  if (size == 1) store<u8>(address, <u8>value);
  else if (size == 2) store<u16>(address, <u16>value);
  else if (size == 4) store<u32>(address, <u32>value);
  else store<u64>(address, value);
}

function storeShared(address: u32, size: u32, value: u64): void {
  if (size == 1) atomic.store<u8>(address, <u8>value);
  else if (size == 2) atomic.store<u16>(address, <u16>value);
  else if (size == 4) atomic.store<u32>(address, <u32>value);
  else atomic.store<u64>(address, value);
}

function modify32(address: u32, op: u32, value: u32, expected: u32): u32 {
  if (ASC_FEATURE_THREADS) return modifyShared<u32>(address, op, value, expected);
  return modifyPlain<u32>(address, op, value, expected);
}

function modify64(address: u32, op: u32, value: u64, expected: u64): u64 {
  if (ASC_FEATURE_THREADS) return modifyShared<u64>(address, op, value, expected);
  return modifyPlain<u64>(address, op, value, expected);
}

function modifyShared<T>(address: u32, op: u32, value: T, expected: T): T {
  if (op == ATOMIC_ADD) return atomic.add<T>(address, value);
  if (op == ATOMIC_OR) return atomic.or<T>(address, value);
  if (op == ATOMIC_AND) return atomic.and<T>(address, value);
  if (op == ATOMIC_XCHG) return atomic.xchg<T>(address, value);
  if (op == ATOMIC_CMPXCHG) return atomic.cmpxchg<T>(address, expected, value);
  return atomic.xor<T>(address, value);
}

function modifyPlain<T>(address: u32, op: u32, value: T, expected: T): T {
  const old = load<T>(address);
  store<T>(address, modified<T>(op, old, value, expected));
  return old;
}

function modified<T>(op: u32, old: T, value: T, expected: T): T {
  if (op == ATOMIC_ADD) return (old + value) as T;
  if (op == ATOMIC_OR) return (old | value) as T;
  if (op == ATOMIC_AND) return (old & value) as T;
  if (op == ATOMIC_XCHG) return value;
  if (op == ATOMIC_CMPXCHG) return old == expected ? value : old;
  return (old ^ value) as T;
}

/** Division and modulo as eBPF has them: no trap, ever (RFC 9669, section 4.1; the kernel's instruction-set.rst). */

export function div64(a: u64, b: u64): u64 {
  return b == 0 ? 0 : a / b;
}

export function mod64(a: u64, b: u64): u64 {
  return b == 0 ? a : a % b;
}

export function sdiv64(a: i64, b: i64): i64 {
  if (b == 0) return 0;
  return b == -1 ? 0 - a : a / b;
}

export function smod64(a: i64, b: i64): i64 {
  return b == 0 ? a : a % b;
}

export function div32(a: u32, b: u32): u32 {
  return b == 0 ? 0 : a / b;
}

export function mod32(a: u32, b: u32): u32 {
  return b == 0 ? a : a % b;
}

export function sdiv32(a: i32, b: i32): i32 {
  if (b == 0) return 0;
  return b == -1 ? 0 - a : a / b;
}

export function smod32(a: i32, b: i32): i32 {
  return b == 0 ? a : a % b;
}

import { EINVAL, ERANGE } from '../../src/abi/maps';
import { errno, memoryArgument, stringLength } from './arguments';
import { isSpace } from './characters';

// bpf_strtol, bpf_strtoul, bpf_strncmp: kernel/bpf/helpers.c and lib/kstrtox.c.

const BASE_MASK: u64 = 0x1f;
/** The kernel parses a copy of at most this many characters. */
const DIGITS_MAX: u32 = 63;
const OVERFLOW: u32 = 0x8000_0000;

function digitOf(c: u32): u32 {
  const lower = c | 0x20;
  if (c - 48 < 10) return c - 48;
  return lower - 97 < 6 ? lower - 87 : 255;
}

/** "0x" at `at`, before `end`. */
function hasHexPrefix(at: u32, end: u32): bool {
  return end - at > 1 && load<u8>(at) == 48 && (load<u8>(at, 1) | 0x20) == 120;
}

function baseOf(at: u32, end: u32, base: u32): u32 {
  if (base) return base;
  if (at == end || load<u8>(at) != 48) return 10;
  return hasHexPrefix(at, end) && end - at > 2 && digitOf(load<u8>(at, 2)) < 16 ? 16 : 8;
}

/** Writes the number to `out`; returns how many digits it has, with OVERFLOW when it does not fit in 64 bits. */
function parseDigits(at: u32, end: u32, base: u32, out: u32): u32 {
  let number: u64 = 0;
  let count: u32 = 0;
  for (; at < end; ++at, ++count) {
    const digit = digitOf(load<u8>(at));
    if (digit >= base) break;
    if (number > (u64.MAX_VALUE - digit) / base) count |= OVERFLOW;
    number = number * base + digit;
  }
  store<u64>(out, number);
  return count;
}

/** Characters consumed, or a negative error number. The magnitude goes to `out`. */
function parse(text: u32, size: u32, flags: u64, out: u32): i32 {
  const wanted = (flags & BASE_MASK) as u32;
  if (size == 0 || flags & ~BASE_MASK) return -EINVAL;
  if (wanted != 0 && wanted != 8 && wanted != 10 && wanted != 16) return -EINVAL;
  let at = signAt(text, size);
  if (at < text + size && load<u8>(at) == 45) ++at;
  if (at == text + size) return -EINVAL;
  const end = at + min<u32>(text + size - at, DIGITS_MAX);
  const base = baseOf(at, end, wanted);
  if (base == 16 && hasHexPrefix(at, end)) at += 2;
  const count = parseDigits(at, end, base, out);
  if (count & OVERFLOW) return -ERANGE;
  return count ? ((at + count - text) as i32) : -EINVAL;
}

/** First character that is not white space. */
function signAt(text: u32, size: u32): u32 {
  let at = text;
  while (at < text + size && isSpace(load<u8>(at))) ++at;
  return at;
}

function isNegative(text: u32, size: u32): bool {
  const at = signAt(text, size);
  return at < text + size && load<u8>(at) == 45;
}

/** bpf_strtol(buf, buf_len, flags, res) */
export function bpf_strtol(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const text = memoryArgument(r1, r2, 0);
  const out = memoryArgument(r4, 8, 1);
  const negative = isNegative(text, r2 as u32);
  store<u64>(out, 0);
  const used = parse(text, r2 as u32, r3, out);
  const number = load<u64>(out);
  const limit: u64 = negative ? 0x8000_0000_0000_0000 : 0x7fff_ffff_ffff_ffff;
  const fits = used >= 0 && number <= limit;
  store<u64>(out, fits ? (negative ? 0 - number : number) : 0);
  return errno(used >= 0 && !fits ? -ERANGE : used);
}

/** bpf_strtoul(buf, buf_len, flags, res): negative numbers are -EINVAL. */
export function bpf_strtoul(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const text = memoryArgument(r1, r2, 0);
  const out = memoryArgument(r4, 8, 1);
  const negative = isNegative(text, r2 as u32);
  store<u64>(out, 0);
  const used = parse(text, r2 as u32, r3, out);
  if (used < 0 || negative) store<u64>(out, 0);
  return errno(used >= 0 && negative ? -EINVAL : used);
}

/** bpf_strncmp(s1, s1_sz, s2): -1, 0 or 1. */
export function bpf_strncmp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const a = memoryArgument(r1, r2, 0);
  const b = r3 as u32;
  const size = r2 as u32;
  const end = b + stringLength(r3, size);
  for (let i: u32 = 0; i < size; ++i) {
    const x: u32 = load<u8>(a + i);
    const y: u32 = b + i < end ? load<u8>(b + i) : 0;
    if (x != y) return errno(x < y ? -1 : 1);
    if (x == 0) break;
  }
  return 0;
}

import { RUN_HELPERS } from '../../src/abi/layout';
import { run } from '../run/state';
import { FLAG_LEFT, FLAG_PLUS, FLAG_SIGNED, FLAG_SPACE, FLAG_UPPER, FLAG_ZERO } from './flags';

// Output of the formatter: counts every character, writes those that have room.

const AT: i32 = RUN_HELPERS + 44; // u32: where the next character goes
const END: i32 = RUN_HELPERS + 48; // u32
const TOTAL: i32 = RUN_HELPERS + 52; // u32

export function startOutput(to: u32, capacity: u32): void {
  store<u32>(run, to, AT);
  store<u32>(run, to + capacity, END);
  store<u32>(run, 0, TOTAL);
}

/** Characters so far, whether or not they had room. */
export function written(): u32 {
  return load<u32>(run, TOTAL);
}

function emitMany(c: u32, times: u32): void {
  const at = load<u32>(run, AT);
  const fit = min<u32>(times, load<u32>(run, END) - at);
  if (fit) memory.fill(at, c as u8, fit);
  store<u32>(run, at + fit, AT);
  store<u32>(run, load<u32>(run, TOTAL) + times, TOTAL);
}

export function emit(c: u32): void {
  emitMany(c, 1);
}

/** Fills a field of `width` that holds `length` characters. */
export function emitPadding(c: u32, width: u32, length: u32): void {
  if (width > length) emitMany(c, width - length);
}

function digit(value: u32, upper: bool): u32 {
  return value < 10 ? 48 + value : value + (upper ? 55 : 87);
}

function digitCount(value: u64, base: u64): u32 {
  let count: u32 = 1;
  for (let rest = value / base; rest; rest /= base) ++count;
  return count;
}

function emitDigits(value: u64, base: u64, count: u32, upper: bool): void {
  let unit: u64 = 1;
  for (let i: u32 = 1; i < count; ++i) unit *= base;
  for (; count; --count, unit /= base) emit(digit(((value / unit) % base) as u32, upper));
}

/** The character before a signed number, or 0. */
function signOf(value: u64, flags: u32): u32 {
  if (!(flags & FLAG_SIGNED)) return 0;
  if ((value as i64) < 0) return 0x2d;
  if (flags & FLAG_PLUS) return 0x2b;
  return flags & FLAG_SPACE ? 0x20 : 0;
}

/** number() of lib/vsprintf.c, without precision. */
export function emitNumber(value: u64, base: u64, flags: u32, width: u32): void {
  const sign = signOf(value, flags);
  const magnitude = sign == 0x2d ? 0 - value : value;
  const digits = digitCount(magnitude, base);
  const length = digits + (sign ? 1 : 0);
  if (!(flags & (FLAG_LEFT | FLAG_ZERO))) emitPadding(0x20, width, length);
  if (sign) emit(sign);
  if (flags & FLAG_ZERO) emitPadding(0x30, width, length);
  emitDigits(magnitude, base, digits, (flags & FLAG_UPPER) != 0);
  if (flags & FLAG_LEFT) emitPadding(0x20, width, length);
}

/** A byte in decimal with at least `digits` digits. */
export function emitDecimal(byte: u32, digits: u32): void {
  emitDigits(byte, 10, max<u32>(digits, digitCount(byte, 10)), false);
}

/** A byte as two hexadecimal digits. */
export function emitHex(byte: u32): void {
  emitDigits(byte, 16, 2, false);
}

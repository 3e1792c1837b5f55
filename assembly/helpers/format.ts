import { RUN_HELPERS } from '../../src/abi/layout';
import { EINVAL, ENOSPC } from '../../src/abi/maps';
import { owe } from '../run/budget';
import { readable } from '../run/sandbox';
import { run } from '../run/state';
import { CHARS_PER_INSN } from './arguments';
import { isAlnum, isDigit, isSpace } from './characters';
import { FLAG_LEFT, FLAG_PLUS, FLAG_SIGNED, FLAG_SPACE, FLAG_UPPER, FLAG_ZERO } from './flags';
import { emit, emitDecimal, emitHex, emitNumber, emitPadding, startOutput, written } from './text';

// The formatter of bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf: the verbs, errors and lengths of
// bpf_bprintf_prepare (kernel/bpf/helpers.c) and bstr_printf (lib/vsprintf.c). Pointers (%p, %pK) are printed as
// they are: linear memory has no layout to keep secret. Symbols (%ps, %pS, %pB) print as addresses.

/** Private state: the argument that comes next, how many there are, what is left of the kernel's 512-byte buffer. */
const ARGUMENTS: i32 = RUN_HELPERS + 32; // u32
const LEFT: i32 = RUN_HELPERS + 36; // u32: arguments left
const ROOM: i32 = RUN_HELPERS + 40; // u32
const TEXT_END: i32 = RUN_HELPERS + 56; // u32

const BINARY_MAX: u32 = 512;

const PERCENT: u32 = 0x25;

/** End of the format, white space or punctuation. */
function endsVerb(c: u32): bool {
  return !isAlnum(c);
}

function isText(c: u32): bool {
  return (c >= 32 && c < 127) || (isSpace(c) && c < 127);
}

/**
 * A character of the format; NUL from its end on. The end is kept, since the format may change while it is read: the
 * program may have the output written over it.
 */
function charAt(at: u32): u32 {
  return at < load<u32>(run, TEXT_END) ? load<u8>(at) : 0;
}

function nextArgument(): u64 {
  const at = load<u32>(run, ARGUMENTS);
  store<u32>(run, at + 8, ARGUMENTS);
  store<u32>(run, load<u32>(run, LEFT) - 1, LEFT);
  return load<u64>(at);
}

/** Takes `size` bytes of the room that all arguments share. */
function use(size: u32, align: u32): bool {
  const room = load<u32>(run, ROOM) & ~(align - 1);
  if (room < size) return false;
  store<u32>(run, room - size, ROOM);
  return true;
}

function flagOf(c: u32): u32 {
  if (c == 0x2d) return FLAG_LEFT;
  if (c == 0x30) return FLAG_ZERO;
  if (c == 0x2b) return FLAG_PLUS;
  return c == 0x20 ? FLAG_SPACE : 0;
}

function string(address: u64, flags: u32, width: u32): i32 {
  const room = load<u32>(run, ROOM);
  if (room == 0) return -ENOSPC;
  let length: u32 = 0;
  while (length + 1 < room && readable(address + length, 1) && load<u8>((address as u32) + length)) ++length;
  // A string that leaves readable memory is a fault, and prints as nothing.
  if (length + 1 < room && !readable(address + length, 1)) length = 0;
  use(length + 1, 1);
  if (!(flags & FLAG_LEFT)) emitPadding(32, width, length);
  for (let i: u32 = 0; i < length; ++i) emit(load<u8>((address as u32) + i));
  if (flags & FLAG_LEFT) emitPadding(32, width, length);
  return 0;
}

function character(flags: u32, width: u32): i32 {
  if (!use(1, 1)) return -ENOSPC;
  const c = nextArgument() as u8;
  if (!(flags & FLAG_LEFT)) emitPadding(32, width, 1);
  emit(c);
  if (flags & FLAG_LEFT) emitPadding(32, width, 1);
  return 0;
}

function byteOf(address: u64, index: u32, known: bool): u32 {
  return known ? load<u8>((address as u32) + index) : 0;
}

/** 'I4' 1.2.3.4, 'i4' 001.002.003.004, 'I6' with colons, 'i6' without. Unreadable addresses are zeros. */
function ip(address: u64, kind: u32, version: u32): i32 {
  const bytes: u32 = version == 0x34 ? 4 : 16;
  const known = readable(address, bytes);
  const start = written();
  for (let i: u32 = 0; i < bytes; ++i) {
    const byte = byteOf(address, i, known);
    if (version == 0x34) {
      if (i) emit(0x2e);
      emitDecimal(byte, kind == 0x69 ? 3 : 1);
    } else {
      if (i && !(i & 1) && kind == 0x49) emit(0x3a);
      emitHex(byte);
    }
  }
  return use(written() - start + 1, 1) ? 0 : -ENOSPC;
}

function pointer(flags: u32, width: u32): i32 {
  if (!use(8, 4)) return -ENOSPC;
  emitNumber(nextArgument(), 16, width ? flags : flags | FLAG_ZERO, width ? width : 16);
  return 0;
}

function symbol(flags: u32, width: u32): i32 {
  if (!use(8, 4)) return -ENOSPC;
  emit(0x30);
  emit(0x78);
  emitNumber(nextArgument(), 16, flags, width > 2 ? width - 2 : 0);
  return 0;
}

/** What follows "%…p" at `at`. */
function pointerVerb(at: u32, flags: u32, width: u32): i32 {
  const c: u32 = charAt(at);
  if (endsVerb(c)) return pointer(flags, width);
  const d: u32 = charAt(at + 1);
  if ((c == 0x6b || c == 0x75) && d == 0x73) {
    return endsVerb(charAt(at + 2)) ? string(nextArgument(), 0, 0) : -EINVAL; // %pks, %pus
  }
  if (c == 0x4b || c == 0x78) return pointer(flags, width); // %pK, %px
  if (c == 0x73 || c == 0x53 || c == 0x42) return symbol(flags, width); // %ps, %pS, %pB
  if ((c == 0x69 || c == 0x49) && (d == 0x34 || d == 0x36)) return ip(nextArgument(), c, d);
  return -EINVAL;
}

/** `longs`: number of 'l' before the verb. */
function integer(verb: u32, longs: u32, flags: u32, width: u32): i32 {
  const isSigned = verb == 0x64 || verb == 0x69; // d, i
  const hex = verb == 0x78 || verb == 0x58; // x, X
  if (!isSigned && !hex && verb != 0x75) return -EINVAL;
  if (!use(longs ? 8 : 4, 4)) return -ENOSPC;
  let value = nextArgument();
  if (!longs) value = isSigned ? (value as i32 as i64) : value & 0xffff_ffff;
  if (isSigned) flags |= FLAG_SIGNED;
  if (verb == 0x58) flags |= FLAG_UPPER;
  emitNumber(value, hex ? 16 : 10, flags, width);
  return 0;
}

/** Where the verb's letters begin, after flags and width. */
function skipWidth(at: u32): u32 {
  let end = at;
  while (flagOf(charAt(end))) ++end;
  while (isDigit(charAt(end))) ++end;
  return end;
}

function flagsAt(at: u32): u32 {
  let flags: u32 = 0;
  for (let flag = flagOf(charAt(at)); flag; flag = flagOf(charAt(++at))) flags |= flag;
  return flags & FLAG_LEFT ? flags & ~FLAG_ZERO : flags;
}

function widthBefore(at: u32, end: u32): u32 {
  const WIDTH_MAX: u32 = (1 << 23) - 1;
  let width: u32 = 0;
  while (flagOf(charAt(at))) ++at;
  for (; at < end && width < WIDTH_MAX; ++at) width = width * 10 + charAt(at) - 48;
  return min<u32>(width, WIDTH_MAX);
}

/** Formats the verb at `at`, which is after its '%'. */
function verb(at: u32): i32 {
  const start = at;
  at = skipWidth(start);
  const flags = flagsAt(start);
  const width = widthBefore(start, at);
  const c: u32 = charAt(at);
  if (load<u32>(run, LEFT) == 0) return -EINVAL;
  if (c == 0x70) return pointerVerb(at + 1, flags, width);
  if (c == 0x73) return endsVerb(charAt(at + 1)) ? string(nextArgument(), flags, width) : -EINVAL;
  if (c == 0x63) return character(flags, width);
  const longs = countLongs(at);
  return integer(charAt(at + longs), longs, flags, width);
}

function countLongs(at: u32): u32 {
  if (charAt(at) != 0x6c) return 0;
  return charAt(at + 1) == 0x6c ? 2 : 1;
}

/** First character after the verb that begins at `at`. */
function skipVerb(at: u32): u32 {
  at = skipWidth(at);
  if (charAt(at) != 0x70) return at + countLongs(at) + 1;
  do {
    ++at;
  } while (isAlnum(charAt(at)));
  return at;
}

/**
 * Formats `text`, which ends with a NUL or after `size` characters, with `count` u64 at `values`, writing at most
 * `capacity` characters to `to` (and no NUL). Returns the length of the whole text, or a negative error number.
 */
export function format(
  to: u32,
  capacity: u32,
  text: u32,
  size: u32,
  values: u32,
  count: u32,
): i32 {
  startOutput(to, capacity);
  store<u32>(run, text + size, TEXT_END);
  owe(size / CHARS_PER_INSN);
  store<u32>(run, values, ARGUMENTS);
  store<u32>(run, count, LEFT);
  store<u32>(run, BINARY_MAX, ROOM);
  for (let c: u32 = charAt(text); c; c = charAt(text)) {
    if (!isText(c)) return -EINVAL;
    ++text;
    if (c != PERCENT || charAt(text) == PERCENT) {
      emit(c);
      if (c == PERCENT) ++text;
      continue;
    }
    const error = verb(text);
    if (error) return error;
    text = skipVerb(text);
  }
  return written() as i32;
}

import { E2BIG, ENOENT } from '../../src/abi/maps';
import { errno } from '../helpers/arguments';
import { beginTexts, byteAt, FAULT, lower, otherAt, TEXT_MAX, UNREADABLE } from './text';

// Text functions: kernel/bpf/helpers.c. The kernel's chars have no sign. What they cannot read is an error, in verified programs too.

function compare(a: u64, b: u64, ignoreCase: bool): i32 {
  const error = beginTexts(a, b);
  if (error) return error;
  for (let i: u32 = 0; i < TEXT_MAX; ++i) {
    let x = byteAt(a + i);
    let y = otherAt(b + i);
    if (x == UNREADABLE || y == UNREADABLE) return FAULT;
    if (ignoreCase) {
      x = lower(x);
      y = lower(y);
    }
    if (x != y) return x < y ? -1 : 1;
    if (x == 0) return 0;
  }
  return -E2BIG;
}

/** bpf_strcmp(s1, s2): -1, 0 or 1. */
export function bpf_strcmp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(compare(r1, r2, false));
}

/** bpf_strcasecmp(s1, s2) */
export function bpf_strcasecmp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(compare(r1, r2, true));
}

/** Index of a character within `count` bytes. */
function indexOf(s: u64, count: u64, wanted: u32): i32 {
  const error = beginTexts(s, s);
  if (error) return error;
  let i: u32 = 0;
  for (; i < TEXT_MAX && i < count; ++i) {
    const c = byteAt(s + i);
    if (c == UNREADABLE) return FAULT;
    if (c == wanted) return i;
    if (c == 0) return -ENOENT;
  }
  return i == TEXT_MAX ? -E2BIG : -ENOENT;
}

/** bpf_strnchr(s, count, c) */
export function bpf_strnchr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(indexOf(r1, r2, r3 as u8));
}

/** bpf_strchr(s, c) */
export function bpf_strchr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(indexOf(r1, TEXT_MAX, r2 as u8));
}

/** bpf_strchrnul(s, c): the length where there is no such character. */
export function bpf_strchrnul(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const error = beginTexts(r1, r1);
  if (error) return errno(error);
  for (let i: u32 = 0; i < TEXT_MAX; ++i) {
    const c = byteAt(r1 + i);
    if (c == UNREADABLE) return errno(FAULT);
    if (c == 0 || c == (r2 as u8)) return i;
  }
  return errno(-E2BIG);
}

/** bpf_strrchr(s, c) */
export function bpf_strrchr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const error = beginTexts(r1, r1);
  if (error) return errno(error);
  let last: i32 = -ENOENT;
  for (let i: u32 = 0; i < TEXT_MAX; ++i) {
    const c = byteAt(r1 + i);
    if (c == UNREADABLE) return errno(FAULT);
    if (c == (r2 as u8)) last = i;
    if (c == 0) return errno(last);
  }
  return errno(-E2BIG);
}

function length(s: u64, count: u64): i32 {
  const error = beginTexts(s, s);
  if (error) return error;
  let i: u32 = 0;
  for (; i < TEXT_MAX && i < count; ++i) {
    const c = byteAt(s + i);
    if (c == UNREADABLE) return FAULT;
    if (c == 0) return i;
  }
  return i == TEXT_MAX ? -E2BIG : i;
}

/** bpf_strnlen(s, count) */
export function bpf_strnlen(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(length(r1, r2));
}

/** bpf_strlen(s) */
export function bpf_strlen(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(length(r1, TEXT_MAX));
}

/** 1 when the character is in the text at `set`, 0 when not, or a negative error number. */
function isIn(c: i32, set: u64): i32 {
  for (let j: u32 = 0; j < TEXT_MAX; ++j) {
    const one = otherAt(set + j);
    if (one == UNREADABLE) return FAULT;
    if (one == 0) return 0;
    if (one == c) return 1;
  }
  return -E2BIG;
}

/** Length of the part before the first character whose being in the set is `stop`. */
function span(s: u64, set: u64, stop: i32): i32 {
  const error = beginTexts(s, set);
  if (error) return error;
  for (let i: u32 = 0; i < TEXT_MAX; ++i) {
    const c = byteAt(s + i);
    if (c == UNREADABLE) return FAULT;
    if (c == 0) return i;
    const found = isIn(c, set);
    if (found < 0) return found;
    if (found == stop) return i;
  }
  return -E2BIG;
}

/** bpf_strspn(s, accept) */
export function bpf_strspn(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(span(r1, r2, 0));
}

/** bpf_strcspn(s, reject) */
export function bpf_strcspn(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(span(r1, r2, 1));
}

const DIFFERENT: i32 = 1;

/** 0 when the text at `b` begins at `a`, DIFFERENT when not, or a negative error number; `left` bytes of `a` count. */
function beginsWith(a: u64, b: u64, left: u64): i32 {
  for (let j: u32 = 0; j < TEXT_MAX; ++j) {
    const y = otherAt(b + j);
    if (y == UNREADABLE) return FAULT;
    if (y == 0) return 0;
    if (j == left) return -ENOENT;
    const x = byteAt(a + j);
    if (x == UNREADABLE) return FAULT;
    if (x == 0) return -ENOENT;
    if (x != y) return DIFFERENT;
  }
  return -E2BIG;
}

function find(a: u64, b: u64, count: u64): i32 {
  const error = beginTexts(a, b);
  if (error) return error;
  for (let i: u32 = 0; i < TEXT_MAX; ++i) {
    const found = beginsWith(a + i, b, count - i);
    if (found != DIFFERENT) return found == 0 ? i : found;
  }
  return -E2BIG;
}

/** bpf_strstr(s1, s2): index of s2 in s1. */
export function bpf_strstr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(find(r1, r2, TEXT_MAX));
}

/** bpf_strnstr(s1, s2, len) */
export function bpf_strnstr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(find(r1, r2, r3));
}

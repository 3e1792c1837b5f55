/** Reading text whose address nobody has checked, a byte at a time. */
import { EFAULT, ERANGE } from '../../src/abi/maps';
import { charge } from '../helpers/arguments';
import { readable } from '../run/sandbox';

/** XATTR_SIZE_MAX: no text is longer. */
export const TEXT_MAX: u32 = 65_536;
const CHUNK: u32 = 64;
/** What `byteAt` gives where nothing can be read. */
export const UNREADABLE: i32 = -1;

/** Two texts at a time: where the bytes that may be read without another check end, and begin. */
let end0: u64 = 0;
let start0: u64 = 0;
let end1: u64 = 0;
let start1: u64 = 0;

/**
 * Begins with the texts at `first` and `second` (the same, where there is one). Returns 0, or the error of addresses
 * that no text of the kernel's can have: in the lower half, where the kernel has none, what the program may not read.
 */
export function beginTexts(first: u64, second: u64): i32 {
  end0 = start0 = end1 = start1 = 0;
  return isForeign(first) || isForeign(second) ? -ERANGE : 0;
}

function isForeign(address: u64): bool {
  return (address as i64) >= 0 && !readable(address, 1);
}

function reach(address: u64): u64 {
  charge(CHUNK * CHUNK);
  if (readable(address, CHUNK)) return address + CHUNK;
  return readable(address, 1) ? address + 1 : address;
}

/** Of the first text: the byte at an address, or UNREADABLE. */
export function byteAt(address: u64): i32 {
  if (address < start0 || address >= end0) {
    start0 = address;
    end0 = reach(address);
    if (end0 == address) return UNREADABLE;
  }
  return load<u8>(address as u32);
}

/** Of the second. */
export function otherAt(address: u64): i32 {
  if (address < start1 || address >= end1) {
    start1 = address;
    end1 = reach(address);
    if (end1 == address) return UNREADABLE;
  }
  return load<u8>(address as u32);
}

/** The error for what cannot be read. */
export const FAULT: i32 = -EFAULT;

/** tolower of lib/ctype.c, which knows the letters of ISO 8859-1. */
export function lower(c: i32): i32 {
  const isUpper = (c >= 65 && c <= 90) || (c >= 0xc0 && c <= 0xde && c != 0xd7);
  return isUpper ? c + 32 : c;
}

/**
 * struct bpf_dynptr, 16 bytes of the program's stack that only functions of the runtime look into: the address of its
 * memory (of packets: of their context), the size with type and permission in its upper bits, the offset.
 */
import { RUN_CTX, RUN_SAMPLE } from '../../src/abi/layout';
import { E2BIG } from '../../src/abi/maps';
import { argument } from '../run/sandbox';
import { run } from '../run/state';

export const DYNPTR_SIZE: u32 = 16;
const DATA: i32 = 0; // u64
const SIZE: i32 = 8; // u32
const OFFSET: i32 = 12; // u32

export const TYPE_LOCAL: u32 = 1;
export const TYPE_RINGBUF: u32 = 2;
export const TYPE_SKB: u32 = 3;
export const TYPE_XDP: u32 = 4;
export const TYPE_SKB_META: u32 = 5;

const TYPE_SHIFT: u32 = 28;
const TYPE_MASK: u32 = 7;
const READ_ONLY: u32 = 1 << 31;
/** DYNPTR_MAX_SIZE, and the bits that sizes have. */
const SIZE_MASK: u32 = (1 << 24) - 1;

/** A dynptr that a program hands over; `write`: 1 where the call changes it. */
export function dynptrArgument(address: u64, write: u32): u32 {
  // The sample of a user ring buffer is handed to the callback where no program's memory is.
  if (write == 0 && address == <u64>(run + RUN_SAMPLE)) return address as u32;
  return argument(address, DYNPTR_SIZE, write);
}

export function setNull(dynptr: u32): void {
  store<u64>(dynptr, 0, DATA);
  store<u64>(dynptr, 0, SIZE);
}

/** 0, or the error for sizes that a dynptr cannot have. */
export function sizeError(size: u32): i32 {
  return size > SIZE_MASK ? -E2BIG : 0;
}

export function initialise(dynptr: u32, data: u32, type: u32, size: u32): void {
  store<u64>(dynptr, data, DATA);
  store<u32>(dynptr, size | (type << TYPE_SHIFT), SIZE);
  store<u32>(dynptr, 0, OFFSET);
}

/** Of the packet: its memory is found through the run each time, since it may move. */
export function initialisePacket(dynptr: u32, type: u32, size: u32): void {
  initialise(dynptr, load<u32>(run, RUN_CTX), type, size);
}

export function setReadOnly(dynptr: u32): void {
  store<u32>(dynptr, load<u32>(dynptr, SIZE) | READ_ONLY, SIZE);
}

export function dataOf(dynptr: u32): u64 {
  return load<u64>(dynptr, DATA);
}

export function isNull(dynptr: u32): bool {
  return load<u64>(dynptr, DATA) == 0;
}

export function isReadOnly(dynptr: u32): bool {
  return (load<u32>(dynptr, SIZE) & READ_ONLY) != 0;
}

export function typeOf(dynptr: u32): u32 {
  return (load<u32>(dynptr, SIZE) >> TYPE_SHIFT) & TYPE_MASK;
}

export function sizeOf(dynptr: u32): u32 {
  return load<u32>(dynptr, SIZE) & SIZE_MASK;
}

export function offsetOf(dynptr: u32): u32 {
  return load<u32>(dynptr, OFFSET);
}

/** Leaves out the first `start` bytes, and makes it `size` long. */
export function narrow(dynptr: u32, start: u32, size: u32): void {
  store<u32>(dynptr, (load<u32>(dynptr, SIZE) & ~SIZE_MASK) | size, SIZE);
  store<u32>(dynptr, load<u32>(dynptr, OFFSET) + start, OFFSET);
}

export function copyDynptr(to: u32, from: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, SIZE), SIZE);
}

/** Whether `length` bytes at `offset` lie within the dynptr. */
export function holds(dynptr: u32, offset: u32, length: u32): bool {
  const size = sizeOf(dynptr);
  return length <= size && offset <= size - length;
}

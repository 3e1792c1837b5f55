import { E2BIG, ENOSPC } from '../../src/abi/maps';
import { copy } from '../memory/bytes';
import { lock, unlock } from '../memory/lock';

// A ring of records: many producers, one consumer (the host). Positions only grow; a record takes 8 bytes more
// than its data, rounded up to 8, and the ring is full one byte before its size: all as in the kernel, so that
// bpf_ringbuf_query tells the same numbers. Two things differ, since programs may write to the data area
// unchecked: lengths and state are kept in an array of their own (one u32 for each 8 bytes of the ring), out of
// their reach; and where the kernel maps the data area twice to keep records contiguous, the slab here is two
// sizes long, a record that would wrap running on into the second. The next record that runs past the end can
// only begin when this one has been consumed, so the two never meet.

export const R_LOCK: i32 = 0;
/** The map, written before each reserved record for `submit` to find the ring by. */
export const R_MAP: i32 = 4;
const R_DATA: i32 = 8; // slab of 2 * size bytes
const R_HEADERS: i32 = 12; // u32[size / 8]
export const R_SIZE: i32 = 16; // a power of two
export const R_LOST: i32 = 20; // u32
export const R_CONSUMER: i32 = 24; // u64
export const R_PRODUCER: i32 = 32; // u64
/** u32: 1 while a program takes samples out of a user ring buffer. */
const R_TAKEN: i32 = 40;
export const RING_BYTES: u32 = 48;

const BUSY: u32 = 0x8000_0000;
const DISCARDED: u32 = 0x4000_0000;
const LENGTH: u32 = 0x3fff_ffff;
const RECORD_MAX: u64 = 0x3fff_ffff;
export const RECORD_HEADER: u32 = 8;
/** BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP: the host polls, nobody is woken. */
export const WAKEUP_FLAGS: u64 = 3;

export function ringInit(ring: u32, map: u32, data: u32, headers: u32, size: u32): void {
  store<u32>(ring, map, R_MAP);
  store<u32>(ring, data, R_DATA);
  store<u32>(ring, headers, R_HEADERS);
  store<u32>(ring, size, R_SIZE);
}

/** Bytes of the positions' line that a record of `length` bytes takes. */
@inline
function extent(length: u32): u32 {
  return (length + RECORD_HEADER + 7) & ~7;
}

@inline
function headerAt(ring: u32, position: u64): u32 {
  const offset = (position as u32) & (load<u32>(ring, R_SIZE) - 1);
  return load<u32>(ring, R_HEADERS) + (offset >> 1);
}

@inline
function dataAt(ring: u32, position: u64): u32 {
  const offset = (position as u32) & (load<u32>(ring, R_SIZE) - 1);
  return load<u32>(ring, R_DATA) + offset + RECORD_HEADER;
}

// What the other side waits for is stored last, and atomically where memory is shared.

@inline
function publish(address: u32, value: u32): void {
  if (ASC_FEATURE_THREADS) atomic.store<u32>(address, value);
  else store<u32>(address, value);
}

@inline
function publishPosition(address: u32, value: u64): void {
  if (ASC_FEATURE_THREADS) atomic.store<u64>(address, value);
  else store<u64>(address, value);
}

@inline
function position(address: u32): u64 {
  return ASC_FEATURE_THREADS ? atomic.load<u64>(address) : load<u64>(address);
}

@inline
function headerWord(address: u32): u32 {
  return ASC_FEATURE_THREADS ? atomic.load<u32>(address) : load<u32>(address);
}

export function lose(ring: u32): void {
  if (ASC_FEATURE_THREADS) atomic.add<u32>(ring + R_LOST, 1);
  else store<u32>(ring, load<u32>(ring, R_LOST) + 1, R_LOST);
}

@inline
function reserveLocked(ring: u32, length: u32): u32 {
  const size = load<u32>(ring, R_SIZE);
  const producer = load<u64>(ring, R_PRODUCER);
  const next = producer + extent(length);
  if ((next - position(ring + R_CONSUMER) > size - 1) as u64) return 0;
  publish(headerAt(ring, producer), length | BUSY);
  publishPosition(ring + R_PRODUCER, next);
  return dataAt(ring, producer);
}

/** Address of `length` bytes to fill and then to `commit`, or 0 (counted as lost) when there is no room. */
@inline
export function ringReserve(ring: u32, length: u64): u32 {
  let data: u32 = 0;
  if (length <= RECORD_MAX && length + RECORD_HEADER <= load<u32>(ring, R_SIZE)) {
    lock(ring + R_LOCK);
    data = reserveLocked(ring, length as u32);
    unlock(ring + R_LOCK);
  }
  if (data) store<u64>(data - RECORD_HEADER, load<u32>(ring, R_MAP));
  else lose(ring);
  return data;
}

/** Header of the reserved, uncommitted record whose data begins at `data`; 0 when there is none. */
@inline
export function reservedHeader(ring: u32, data: u32): u32 {
  const offset = data - RECORD_HEADER - load<u32>(ring, R_DATA);
  if (offset >= load<u32>(ring, R_SIZE) || offset & 7) return 0;
  const header = load<u32>(ring, R_HEADERS) + (offset >> 1);
  return headerWord(header) & BUSY ? header : 0;
}

/** Hands a record to the consumer, or makes the consumer skip it. */
@inline
export function commit(header: u32, discard: bool): void {
  const length = load<u32>(header) & LENGTH;
  publish(header, discard ? length | DISCARDED : length);
}

/** Copies a whole record in. False when there was no room. */
export function ringWrite(ring: u32, from: u32, length: u32): bool {
  const data = ringReserve(ring, length);
  if (data == 0) return false;
  copy(data, from, length);
  commit(reservedHeader(ring, data), false);
  return true;
}

function advance(ring: u32, consumer: u64, word: u32): u64 {
  const next = consumer + extent(word & LENGTH);
  publishPosition(ring + R_CONSUMER, next);
  return next;
}

/** Address of the oldest committed record, its length at `lengthOut`; 0 when there is none. */
export function ringFirst(ring: u32, lengthOut: u32): u32 {
  let consumer = load<u64>(ring, R_CONSUMER);
  while (consumer < position(ring + R_PRODUCER)) {
    const word = headerWord(headerAt(ring, consumer));
    if (word & BUSY) return 0;
    if (!(word & DISCARDED)) {
      store<u32>(lengthOut, word & LENGTH);
      return dataAt(ring, consumer);
    }
    consumer = advance(ring, consumer, word);
  }
  return 0;
}

/** Gives back the room of the record that ringFirst returned. */
export function ringDrop(ring: u32): void {
  const consumer = load<u64>(ring, R_CONSUMER);
  if (consumer >= position(ring + R_PRODUCER)) return;
  const word = headerWord(headerAt(ring, consumer));
  if (!(word & BUSY)) advance(ring, consumer, word);
}

// User ring buffers: the host is the producer, one program at a time the consumer (ringFirst, ringDrop).

/**
 * Address of `length` bytes that the host fills and then commits; -E2BIG when the ring is too small for them, -ENOSPC
 * when they do not fit now. As libbpf's producer, which fills the ring to its last byte.
 */
export function ringProduce(ring: u32, length: u32): i32 {
  const size = load<u32>(ring, R_SIZE);
  if ((length as u64) > RECORD_MAX || (length as u64) + RECORD_HEADER > size) return -E2BIG;
  lock(ring + R_LOCK);
  const producer = load<u64>(ring, R_PRODUCER);
  const next = producer + extent(length);
  const fits = next - position(ring + R_CONSUMER) <= size;
  if (fits) {
    publish(headerAt(ring, producer), length | BUSY);
    publishPosition(ring + R_PRODUCER, next);
  }
  unlock(ring + R_LOCK);
  return fits ? (dataAt(ring, producer) as i32) : -ENOSPC;
}

/** The oldest sample is not complete. */
export function isStuck(ring: u32): bool {
  const consumer = load<u64>(ring, R_CONSUMER);
  if (consumer >= position(ring + R_PRODUCER)) return false;
  return (headerWord(headerAt(ring, consumer)) & BUSY) != 0;
}

/** True for the one program that may take samples until `leaveRing`. */
export function enterRing(ring: u32): bool {
  if (ASC_FEATURE_THREADS) return atomic.cmpxchg<u32>(ring + R_TAKEN, 0, 1) == 0;
  if (load<u32>(ring, R_TAKEN)) return false;
  store<u32>(ring, 1, R_TAKEN);
  return true;
}

export function leaveRing(ring: u32): void {
  publish(ring + R_TAKEN, 0);
}

/**
 * What programs have asked to be called back for later: timers and work in map values. All threads over one memory share
 * the table; a value has no more of it than a number, so that what a program writes there leads nowhere. Armed ones
 * are in a heap by the time they are due, and by the order in which they were armed.
 */
import {
  HDR_LATER_CAPACITY,
  HDR_LATER_COUNT,
  HDR_LATER_ENTRIES,
  HDR_LATER_FREE,
  HDR_LATER_HEAP,
  HDR_LATER_LOCK,
  HDR_LATER_SEQUENCE,
  HDR_LATER_USED,
  HEADER,
} from '../../src/abi/layout';
import { free, reserve } from '../memory/allocator';
import { lock, unlock } from '../memory/lock';

/** u32: address of the struct bpf_timer (or bpf_wq); 0 for an entry that is free. Of that: E_NEXT, the next free one. */
const E_FIELD: i32 = 0;
const E_NEXT: i32 = 4;
export const E_MAP: i32 = 4; // u32
export const E_VALUE: i32 = 8; // u32
export const E_FUNC: i32 = 12; // u32: the callback's FUNC, 0 for none
export const E_CLOCK: i32 = 16; // u32
/** u32: CPU + 1 that runs its callback now. */
export const E_RUNNING: i32 = 20;
/** u32: place in the heap + 1; 0 when it is not armed. */
const E_PLACE: i32 = 24;
const E_EXPIRES: i32 = 32; // i64
const E_SEQUENCE: i32 = 40; // u64
const ENTRY: u32 = 48;
const FIRST_CAPACITY: u32 = 16;

export function lockLater(): void {
  lock(HEADER + HDR_LATER_LOCK);
}

export function unlockLater(): void {
  unlock(HEADER + HDR_LATER_LOCK);
}

@inline
export function entryOf(number: u32): u32 {
  return load<u32>(HEADER, HDR_LATER_ENTRIES) + (number - 1) * ENTRY;
}

/** The number in `field`, or 0 where it is that of another field: no program makes one up. */
export function numberIn(field: u32): u32 {
  const number = load<u32>(field);
  if (number == 0 || number > load<u32>(HEADER, HDR_LATER_USED)) return 0;
  return load<u32>(entryOf(number), E_FIELD) == field ? number : 0;
}

function grow(): bool {
  const before = load<u32>(HEADER, HDR_LATER_CAPACITY);
  const capacity = before == 0 ? FIRST_CAPACITY : before * 2;
  const entries = reserve((capacity as u64) * ENTRY);
  const heap = reserve((capacity as u64) * 4);
  if (entries == 0 || heap == 0) {
    free(entries);
    free(heap);
    return false;
  }
  memory.copy(entries, load<u32>(HEADER, HDR_LATER_ENTRIES), before * ENTRY);
  memory.copy(heap, load<u32>(HEADER, HDR_LATER_HEAP), before * 4);
  free(load<u32>(HEADER, HDR_LATER_ENTRIES));
  free(load<u32>(HEADER, HDR_LATER_HEAP));
  store<u32>(HEADER, entries, HDR_LATER_ENTRIES);
  store<u32>(HEADER, heap, HDR_LATER_HEAP);
  store<u32>(HEADER, capacity, HDR_LATER_CAPACITY);
  return true;
}

/** Number of a free entry, or 0 when memory is exhausted. */
function takeNumber(): u32 {
  const freed = load<u32>(HEADER, HDR_LATER_FREE);
  if (freed) {
    store<u32>(HEADER, load<u32>(entryOf(freed), E_NEXT), HDR_LATER_FREE);
    return freed;
  }
  const used = load<u32>(HEADER, HDR_LATER_USED);
  if (used == load<u32>(HEADER, HDR_LATER_CAPACITY) && !grow()) return 0;
  store<u32>(HEADER, used + 1, HDR_LATER_USED);
  return used + 1;
}

/** Makes the field a timer, or work; its number, or 0 when memory is exhausted. */
export function addLater(field: u32, map: u32, value: u32, clock: u32): u32 {
  const number = takeNumber();
  if (number == 0) return 0;
  const entry = entryOf(number);
  memory.fill(entry, 0, ENTRY);
  store<u32>(entry, field, E_FIELD);
  store<u32>(entry, map, E_MAP);
  store<u32>(entry, value, E_VALUE);
  store<u32>(entry, clock, E_CLOCK);
  store<u32>(field, number);
  return number;
}

// ---- the heap ----------------------------------------------------------------------------------------------

@inline
function at(place: u32): u32 {
  return load<u32>(load<u32>(HEADER, HDR_LATER_HEAP) + place * 4);
}

@inline
function put(place: u32, number: u32): void {
  store<u32>(load<u32>(HEADER, HDR_LATER_HEAP) + place * 4, number);
  store<u32>(entryOf(number), place + 1, E_PLACE);
}

function isBefore(a: u32, b: u32): bool {
  const first = entryOf(a);
  const second = entryOf(b);
  const difference = load<i64>(first, E_EXPIRES) - load<i64>(second, E_EXPIRES);
  return difference == 0
    ? load<u64>(first, E_SEQUENCE) < load<u64>(second, E_SEQUENCE)
    : load<i64>(first, E_EXPIRES) < load<i64>(second, E_EXPIRES);
}

function rise(number: u32, place: u32): void {
  while (place > 0) {
    const parent = (place - 1) / 2;
    const other = at(parent);
    if (!isBefore(number, other)) break;
    put(place, other);
    place = parent;
  }
  put(place, number);
}

function sink(number: u32, place: u32): void {
  const count = load<u32>(HEADER, HDR_LATER_COUNT);
  for (;;) {
    let child = place * 2 + 1;
    if (child >= count) break;
    if (child + 1 < count && isBefore(at(child + 1), at(child))) ++child;
    const other = at(child);
    if (!isBefore(other, number)) break;
    put(place, other);
    place = child;
  }
  put(place, number);
}

export function isArmed(number: u32): bool {
  return load<u32>(entryOf(number), E_PLACE) != 0;
}

/** Arms it for `expires`, whether it is armed already or not. */
export function arm(number: u32, expires: i64): void {
  disarm(number);
  const entry = entryOf(number);
  const sequence = load<u64>(HEADER, HDR_LATER_SEQUENCE);
  const count = load<u32>(HEADER, HDR_LATER_COUNT);
  store<u64>(HEADER, sequence + 1, HDR_LATER_SEQUENCE);
  store<u32>(HEADER, count + 1, HDR_LATER_COUNT);
  store<i64>(entry, expires, E_EXPIRES);
  store<u64>(entry, sequence, E_SEQUENCE);
  rise(number, count);
}

/** Whether it was armed. */
export function disarm(number: u32): bool {
  const entry = entryOf(number);
  const place = load<u32>(entry, E_PLACE) - 1;
  if (place == u32.MAX_VALUE) return false;
  const last = load<u32>(HEADER, HDR_LATER_COUNT) - 1;
  store<u32>(HEADER, last, HDR_LATER_COUNT);
  store<u32>(entry, 0, E_PLACE);
  if (place == last) return true;
  const moved = at(last);
  sink(moved, place);
  rise(moved, load<u32>(entryOf(moved), E_PLACE) - 1);
  return true;
}

/** The one that is due first, or 0 when none is armed. */
export function firstArmed(): u32 {
  return load<u32>(HEADER, HDR_LATER_COUNT) == 0 ? 0 : at(0);
}

export function expiresOf(number: u32): i64 {
  return load<i64>(entryOf(number), E_EXPIRES);
}

export function sequenceOf(number: u32): u64 {
  return load<u64>(entryOf(number), E_SEQUENCE);
}

/** The field is no timer any more: its element goes, or its map. */
export function removeLater(number: u32): void {
  disarm(number);
  const entry = entryOf(number);
  store<u32>(load<u32>(entry, E_FIELD), 0);
  store<u32>(entry, 0, E_FIELD);
  store<u32>(entry, load<u32>(HEADER, HDR_LATER_FREE), E_NEXT);
  store<u32>(HEADER, number, HDR_LATER_FREE);
}

/** Removes all of a map's. */
export function removeAllLater(map: u32): void {
  lockLater();
  for (let number: u32 = 1; number <= load<u32>(HEADER, HDR_LATER_USED); ++number) {
    const entry = entryOf(number);
    if (load<u32>(entry, E_FIELD) && load<u32>(entry, E_MAP) == map) removeLater(number);
  }
  unlockLater();
}

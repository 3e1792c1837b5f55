import { ENTRY_NEXT } from '../../src/abi/hash';
import { M_TYPE } from './descriptor';

// Slots of hash elements and trie nodes. A freed slot waits in a queue behind QUARANTINE others before it is
// handed out again, so that the value a program looked up stays readable after the element is deleted or
// replaced. Only a map whose never-used slots are gone takes from a shorter queue; maps have spare slots beyond
// max_entries for that case. (The kernel's preallocated maps reuse at once.)

export const M_SLOTS: i32 = M_TYPE;
const M_FRESH: i32 = M_TYPE + 4; // slots from here on were never used
const M_FREE_HEAD: i32 = M_TYPE + 8; // slot + 1
const M_FREE_TAIL: i32 = M_TYPE + 12; // slot + 1
const M_FREE_COUNT: i32 = M_TYPE + 16;
export const M_ENTRY_STRIDE: i32 = M_TYPE + 20;
export const M_ENTRIES: i32 = M_TYPE + 24; // address of slot 0's entry, in the second slab
/** First field for the types that use slots. */
export const M_SLOT_TYPE: i32 = M_TYPE + 28;

/** Links a free entry to the next; hash chains and tries use the same field while the entry is in use. */
export const E_NEXT: i32 = ENTRY_NEXT;

const QUARANTINE: u32 = 1024;
const SPARE_BYTES: u32 = 1 << 12;
const SPARE_MIN: u32 = 2;
const SPARE_MAX: u32 = 256;

/** Slots beyond max_entries, for keys and values of `bytes` together. */
export function spareSlots(bytes: u64): u32 {
  return min<u64>(max<u64>(SPARE_BYTES / bytes, SPARE_MIN), SPARE_MAX) as u32;
}

@inline
export function entryAt(map: u32, slot: u32): u32 {
  return load<u32>(map, M_ENTRIES) + slot * load<u32>(map, M_ENTRY_STRIDE);
}

@inline
function takeFree(map: u32): u32 {
  const slot = load<u32>(map, M_FREE_HEAD);
  if (slot == 0) return 0;
  const next = load<u32>(entryAt(map, slot - 1), E_NEXT);
  store<u32>(map, next, M_FREE_HEAD);
  if (next == 0) store<u32>(map, 0, M_FREE_TAIL);
  store<u32>(map, load<u32>(map, M_FREE_COUNT) - 1, M_FREE_COUNT);
  return slot;
}

/** slot + 1, or 0 when all are in use. */
@inline
export function takeSlot(map: u32): u32 {
  const fresh = load<u32>(map, M_FRESH);
  if (fresh >= load<u32>(map, M_SLOTS) || load<u32>(map, M_FREE_COUNT) > QUARANTINE) return takeFree(map);
  store<u32>(map, fresh + 1, M_FRESH);
  return fresh + 1;
}

@inline
export function giveSlot(map: u32, slot: u32): void {
  store<u32>(entryAt(map, slot), 0, E_NEXT);
  const tail = load<u32>(map, M_FREE_TAIL);
  if (tail) store<u32>(entryAt(map, tail - 1), slot + 1, E_NEXT);
  else store<u32>(map, slot + 1, M_FREE_HEAD);
  store<u32>(map, slot + 1, M_FREE_TAIL);
  store<u32>(map, load<u32>(map, M_FREE_COUNT) + 1, M_FREE_COUNT);
}

import { ENTRY_NEXT } from '../../src/abi/hash';
import { lock, unlock } from '../memory/lock';
import { reserve } from '../memory/allocator';
import { M_LOCK, M_THIRD, M_TYPE } from './descriptor';
import { giveUpOn, goesOn, note, noteBytes, PASSED, RUNNING, setWaits } from './grace';

// Slots of hash elements and trie nodes. A freed slot waits in a queue behind QUARANTINE others before it is
// handed out again, so that the value a program looked up stays readable after the element is deleted or
// replaced. Only a map whose never-used slots are gone takes from a shorter queue; maps have spare slots beyond
// max_entries for that case. (The kernel's preallocated maps reuse at once.)
//
// In shared memory the queue has three parts: slots that no run of another CPU can hold any more (SAFE), those whose
// runs were noted (NOTED), and those freed since. An update of a map that has no slot to hand out waits for such runs.

export const M_SLOTS: i32 = M_TYPE;
const M_FRESH: i32 = M_TYPE + 4; // slots from here on were never used
const M_FREE_HEAD: i32 = M_TYPE + 8; // slot + 1
const M_FREE_TAIL: i32 = M_TYPE + 12; // slot + 1
const M_FREE_COUNT: i32 = M_TYPE + 16;
export const M_ENTRY_STRIDE: i32 = M_TYPE + 20;
export const M_ENTRIES: i32 = M_TYPE + 24; // address of slot 0's entry, in the second slab
const M_SAFE: i32 = M_TYPE + 28;
const M_NOTED: i32 = M_TYPE + 32;
const M_NOTES: i32 = M_THIRD;
/** First field for the types that use slots. */
export const M_SLOT_TYPE: i32 = M_TYPE + 36;

/** Links a free entry to the next; hash chains and tries use the same field while the entry is in use. */
export const E_NEXT: i32 = ENTRY_NEXT;

const QUARANTINE: u32 = 1024;
const SPARE_BYTES: u32 = ASC_FEATURE_THREADS ? 1 << 16 : 1 << 12;
const SPARE_MIN: u32 = ASC_FEATURE_THREADS ? 16 : 2;
const SPARE_MAX: u32 = ASC_FEATURE_THREADS ? 1024 : 256;
/** How often an update looks whether others have ended, a second or so, before it takes the oldest slot all the same. */
const PATIENCE: u32 = 1 << 26;

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

/** Freed slots that may be handed out. */
@inline
function safeSlots(map: u32): u32 {
  return load<u32>(map, ASC_FEATURE_THREADS ? M_SAFE : M_FREE_COUNT);
}

/** slot + 1, or 0 when all are in use. */
@inline
export function takeSlot(map: u32): u32 {
  const fresh = load<u32>(map, M_FRESH);
  const safe = safeSlots(map);
  if (fresh < load<u32>(map, M_SLOTS) && safe <= QUARANTINE) {
    store<u32>(map, fresh + 1, M_FRESH);
    return fresh + 1;
  }
  if (ASC_FEATURE_THREADS) store<u32>(map, safe - 1, M_SAFE);
  return takeFree(map);
}

function freshSlots(map: u32): u32 {
  return load<u32>(map, M_SLOTS) - load<u32>(map, M_FRESH);
}

/** The slots whose runs were noted are safe when these have passed. What still goes on. */
function promote(map: u32): u32 {
  const noted = load<u32>(map, M_NOTED);
  const state = noted ? goesOn(load<u32>(map, M_NOTES)) : PASSED;
  if (state != PASSED) return state;
  store<u32>(map, load<u32>(map, M_SAFE) + noted, M_SAFE);
  store<u32>(map, 0, M_NOTED);
  return PASSED;
}

/** Moves freed slots on in the queue. What keeps some from being safe: PASSED when nothing does. */
function settle(map: u32): u32 {
  const state = promote(map);
  if (state != PASSED) return state;
  const since = load<u32>(map, M_FREE_COUNT) - load<u32>(map, M_SAFE);
  if (since) note(load<u32>(map, M_NOTES));
  store<u32>(map, since, M_NOTED);
  return promote(map);
}

/** Every freed slot may be handed out: who could still look at one waits as well, or takes too long. */
function release(map: u32): void {
  store<u32>(map, load<u32>(map, M_FREE_COUNT), M_SAFE);
  store<u32>(map, 0, M_NOTED);
}

/** Looks on, without the lock, until the runs that were noted have ended. How often it looked. */
function lookOn(map: u32, patience: u32): u32 {
  const notes = load<u32>(map, M_NOTES);
  let looks: u32 = 1;
  unlock(map + M_LOCK);
  setWaits(true);
  while (looks < patience && goesOn(notes) == RUNNING) looks++;
  lock(map + M_LOCK);
  return looks;
}

function waitForSlots(map: u32, needed: u32): void {
  let patience = PATIENCE;
  let state = settle(map);
  while (freshSlots(map) + load<u32>(map, M_SAFE) < needed) {
    if (state == RUNNING && patience == 0) giveUpOn(load<u32>(map, M_NOTES));
    if (state != RUNNING || patience == 0) release(map);
    else patience -= lookOn(map, patience);
    state = settle(map);
  }
  setWaits(false);
}

/** Takes the map's lock for an update that takes up to `needed` slots. */
@inline
export function lockForUpdate(map: u32, needed: u32): void {
  lock(map + M_LOCK);
  if (ASC_FEATURE_THREADS && freshSlots(map) + safeSlots(map) < needed) waitForSlots(map, needed);
}

/** False when there is no memory for the notes of who runs. */
export function slotsInit(map: u32): bool {
  if (!ASC_FEATURE_THREADS) return true;
  store<u32>(map, reserve(noteBytes()), M_NOTES);
  return load<u32>(map, M_NOTES) != 0;
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

import { ENTRY_KEY, ENTRY_LRU_KEY } from '../../src/abi/hash';
import {
  HDR_NCPU,
  HEADER,
  MAP_COUNT,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_SPIN_LOCK,
  MAP_TYPE,
  MAP_VALUE_SIZE,
} from '../../src/abi/layout';
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOMEM,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_HASH,
} from '../../src/abi/maps';
import { lock, lockUnchanged, unlock } from '../memory/lock';
import { bucketOf, chainsInit, find, following, foundAt, keyAt, linkOf, linkTo } from './chain';
import {
  addCount,
  copyAllCpus,
  copyOwnCpu,
  copyValue,
  M_CPUS,
  M_LOCK,
  ownValueAt,
  reserveValues,
  setCpuStride,
  valueAt,
} from './descriptor';
import { copyOut } from './copyOut';
import { closeValue, flagsAllowed, openValue } from './guard';
import { copyKey, hashKey } from './key';
import { lruInsert, lruIsFirst, lruLast, lruRemove, lruTouch, M_LRU } from './lru';
import { dropFields } from '../timers/fields';
import { E_NEXT, entryAt, giveSlot, lockForUpdate, slotsInit, spareSlots, takeSlot } from './slots';

// Hash maps of all kinds: an element's value lies in the slot of the same number in the value slab. A replaced
// element keeps its place in the chain, so that updating while iterating visits every key once. An LRU map that
// is full drops exactly the least recently used element, where the kernel approximates.

export function isPerCpu(type: u32): bool {
  return type == MAP_TYPE_PERCPU_HASH || type == MAP_TYPE_LRU_PERCPU_HASH;
}

function isLru(type: u32): bool {
  return type == MAP_TYPE_LRU_HASH || type == MAP_TYPE_LRU_PERCPU_HASH;
}

/** Sizes and flags are checked already. 0 or a negative error number. */
export function hashInit(map: u32): i32 {
  const type = load<u32>(map, MAP_TYPE);
  const cpus = isPerCpu(type) ? load<u32>(HEADER, HDR_NCPU) : 1;
  const bytes = (load<u32>(map, MAP_KEY_SIZE) as u64) + (load<u32>(map, MAP_VALUE_SIZE) as u64) * cpus;
  const slots = (load<u32>(map, MAP_MAX_ENTRIES) as u64) + spareSlots(bytes);
  if (slots > 0x7fff_ffff || !reserveValues(map, slots, cpus) || !slotsInit(map)) return -ENOMEM;
  if (isPerCpu(type)) setCpuStride(map, slots);
  store<u32>(map, isLru(type) ? 1 : 0, M_LRU);
  return chainsInit(map, slots as u32, isLru(type) ? ENTRY_LRU_KEY : ENTRY_KEY) ? 0 : -ENOMEM;
}

/** The running CPU's value for a program; makes the element the most recently used of an LRU map. */
export function hashLookup(map: u32, key: u32): u32 {
  if (load<u32>(map, M_LRU)) return lruLookup(map, key);
  const slot = find(map, key);
  return slot ? ownValueAt(map, slot - 1) : 0;
}

/**
 * Makes `slot` (+ 1), found when the lock had that sequence number, the most recently used. Where others have changed
 * the map meanwhile, the element keeps its place in the list: readers wait for no one.
 */
export function lruUse(map: u32, slot: u32, sequence: u32): void {
  if (lruIsFirst(map, slot - 1) || !lockUnchanged(map + M_LOCK, sequence)) return;
  lruTouch(map, slot - 1);
  unlock(map + M_LOCK);
}

function lruLookup(map: u32, key: u32): u32 {
  const slot = find(map, key);
  if (slot == 0) return 0;
  lruUse(map, slot, foundAt);
  return ownValueAt(map, slot - 1);
}

/** CPU 0's value for the host. */
export function hashPeek(map: u32, key: u32): u32 {
  const slot = find(map, key);
  return slot ? valueAt(map, slot - 1) : 0;
}

/** Takes the element that `link` points at out of the map. */
@inline
function detach(map: u32, link: u32): void {
  const slot = load<u32>(link) - 1;
  store<u32>(link, load<u32>(entryAt(map, slot), E_NEXT));
  if (load<u32>(map, M_LRU)) lruRemove(map, slot);
  dropFields(map, valueAt(map, slot));
  giveSlot(map, slot);
  addCount(map, -1);
}

/** A new entry for `key` at `link`, before `next`; there always is a spare slot. */
@inline
function attach(map: u32, link: u32, key: u32, next: u32): u32 {
  const slot = takeSlot(map) - 1;
  const entry = entryAt(map, slot);
  const at = load<u32>(map, MAP_SPIN_LOCK);
  copyKey(map, keyAt(map, slot), key);
  store<u32>(entry, next, E_NEXT);
  store<u32>(link, slot + 1);
  if (load<u32>(map, M_LRU)) lruInsert(map, slot);
  if (at) store<u32>(valueAt(map, slot) + at - 1, 0);
  dropFields(map, valueAt(map, slot));
  return slot;
}

@inline
function writeValue(map: u32, slot: u32, value: u32, host: bool, fresh: bool): void {
  const to = valueAt(map, slot);
  if (load<u32>(map, M_CPUS) == 1) copyValue(map, to, value);
  else if (host) copyAllCpus(map, to, value);
  else copyOwnCpu(map, to, value, fresh);
}

@inline
function insert(map: u32, key: u32, hash: u32, value: u32, host: bool): i32 {
  if (load<u32>(map, MAP_COUNT) >= load<u32>(map, MAP_MAX_ENTRIES)) {
    if (!load<u32>(map, M_LRU)) return -E2BIG;
    detach(map, linkTo(map, lruLast(map)));
  }
  const bucket = bucketOf(map, hash);
  const slot = attach(map, bucket, key, load<u32>(bucket));
  writeValue(map, slot, value, host, true);
  addCount(map, 1);
  return 0;
}

function overwrite(map: u32, slot: u32, value: u32, host: bool): void {
  const word = closeValue(map, valueAt(map, slot));
  writeValue(map, slot, value, host, false);
  openValue(word);
  if (load<u32>(map, M_LRU)) lruTouch(map, slot);
}

/** As in the kernel, a new element takes the old one's place: who points to the old value still reads the old value. */
@inline
function replace(map: u32, link: u32, key: u32, value: u32, host: bool): void {
  const old = load<u32>(link) - 1;
  const slot = attach(map, link, key, load<u32>(entryAt(map, old), E_NEXT));
  writeValue(map, slot, value, host, true);
  if (load<u32>(map, M_LRU)) lruRemove(map, old);
  dropFields(map, valueAt(map, old));
  giveSlot(map, old);
}

/** Per-CPU values and locked updates are written in place. */
@inline
function updateLocked(map: u32, key: u32, hash: u32, value: u32, flags: u64, host: bool): i32 {
  const link = linkOf(map, key, hash);
  const slot = load<u32>(link);
  if (slot == 0) return flags & BPF_EXIST ? -ENOENT : insert(map, key, hash, value, host);
  if (flags & BPF_NOEXIST) return -EEXIST;
  if (isPerCpu(load<u32>(map, MAP_TYPE)) || flags & BPF_F_LOCK) overwrite(map, slot - 1, value, host);
  else replace(map, link, key, value, host);
  return 0;
}

/** `host`: the value holds all CPUs' values. 0 or a negative error number. */
export function hashUpdate(map: u32, key: u32, value: u32, flags: u64, host: bool): i32 {
  if (!flagsAllowed(map, flags)) return -EINVAL;
  const hash = hashKey(map, key);
  lockForUpdate(map, 1);
  const result = updateLocked(map, key, hash, value, flags, host);
  unlock(map + M_LOCK);
  return result;
}

export function hashDelete(map: u32, key: u32): i32 {
  const hash = hashKey(map, key);
  lock(map + M_LOCK);
  const link = linkOf(map, key, hash);
  const found = load<u32>(link) != 0;
  if (found) detach(map, link);
  unlock(map + M_LOCK);
  return found ? 0 : -ENOENT;
}

/** Copies the values of a key's element to `out` and takes it out of the map. */
export function hashTake(map: u32, key: u32, out: u32, locked: bool): i32 {
  const hash = hashKey(map, key);
  lock(map + M_LOCK);
  const link = linkOf(map, key, hash);
  const slot = load<u32>(link);
  if (slot) {
    copyOut(map, valueAt(map, slot - 1), out, locked);
    detach(map, link);
  }
  unlock(map + M_LOCK);
  return slot ? 0 : -ENOENT;
}

/** As the syscall: a key that is not there (any more) starts over. */
export function hashNextKey(map: u32, key: u32, out: u32): i32 {
  lock(map + M_LOCK);
  const slot = following(map, key ? load<u32>(linkOf(map, key, hashKey(map, key))) : 0);
  if (slot) copyKey(map, out, keyAt(map, slot - 1));
  unlock(map + M_LOCK);
  return slot ? 0 : -ENOENT;
}

import {
  HDR_HASH_SEED,
  HDR_NCPU,
  HEADER,
  MAP_COUNT,
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_SPIN_LOCK,
  MAP_TYPE,
  MAP_VALUE_SIZE,
} from '../../src/abi/layout';
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_ZERO_SEED,
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
import { reserve } from '../memory/allocator';
import { lock, readBegin, unchanged, unlock } from '../memory/lock';
import {
  addCount,
  copyAllCpus,
  copyOwnCpu,
  copyValue,
  M_CPUS,
  M_ENTRIES,
  M_LOCK,
  M_TABLE,
  ownValueAt,
  reserveValues,
  setCpuStride,
  valueAt,
} from './descriptor';
import { copyKey, hashKey, M_SEED, sameKey } from './key';
import { lruInsert, lruLast, lruRemove, lruTouch } from './lru';
import { E_NEXT, entryAt, giveSlot, M_ENTRY_STRIDE, M_SLOT_TYPE, M_SLOTS, spareSlots, takeSlot } from './slots';

// Hash maps: chains of slots from a power-of-two bucket array. An entry is {next: slot + 1, hash, [LRU links,]
// key}; its value lies in the slot of the same number in the value slab. Iteration is in bucket order, and a
// replaced element keeps its place in the chain, so that updating while iterating visits every key once.

const M_MASK: i32 = M_SLOT_TYPE + 8;
const M_KEY: i32 = M_SLOT_TYPE + 12; // offset of the key in an entry
/** LRU: least recently used goes first when the map is full. Exact, where the kernel approximates. */
const M_LRU: i32 = M_SLOT_TYPE + 16;
/** Bytes of M_SLOT_TYPE taken here. */
export const HASH_FIELDS: i32 = 32;

const E_HASH: i32 = 4;
const KEY_PLAIN: u32 = 8;
const KEY_LRU: u32 = 16;

export function isPerCpu(type: u32): bool {
  return type == MAP_TYPE_PERCPU_HASH || type == MAP_TYPE_LRU_PERCPU_HASH;
}

function isLru(type: u32): bool {
  return type == MAP_TYPE_LRU_HASH || type == MAP_TYPE_LRU_PERCPU_HASH;
}

function bucketCount(entries: u32): u32 {
  return entries <= 1 ? 1 : (1 as u32) << (32 - clz(entries - 1));
}

function reserveEntries(map: u32, slots: u32, keyOffset: u32): bool {
  const stride = (keyOffset + load<u32>(map, MAP_KEY_SIZE) + 7) & ~7;
  const buckets = bucketCount(load<u32>(map, MAP_MAX_ENTRIES));
  const entries = reserve((slots as u64) * stride);
  store<u32>(map, entries, M_ENTRIES);
  store<u32>(map, stride, M_ENTRY_STRIDE);
  store<u32>(map, buckets - 1, M_MASK);
  if (entries) store<u32>(map, reserve((buckets as u64) * 4), M_TABLE);
  return load<u32>(map, M_TABLE) != 0;
}

/** Sizes and flags are checked already. 0 or a negative error number. */
export function hashInit(map: u32): i32 {
  const type = load<u32>(map, MAP_TYPE);
  const cpus = isPerCpu(type) ? load<u32>(HEADER, HDR_NCPU) : 1;
  const slots = (load<u32>(map, MAP_MAX_ENTRIES) as u64) + spareSlots(load<u32>(map, MAP_VALUE_SIZE), cpus);
  if (slots > 0x7fff_ffff || !reserveValues(map, slots, cpus)) return -ENOMEM;
  if (isPerCpu(type)) setCpuStride(map, slots);
  const keyOffset = isLru(type) ? KEY_LRU : KEY_PLAIN;
  store<u32>(map, slots as u32, M_SLOTS);
  store<u32>(map, keyOffset, M_KEY);
  store<u32>(map, isLru(type) ? 1 : 0, M_LRU);
  if (!(load<u32>(map, MAP_FLAGS) & BPF_F_ZERO_SEED)) store<u64>(map, load<u64>(HEADER, HDR_HASH_SEED), M_SEED);
  return reserveEntries(map, slots as u32, keyOffset) ? 0 : -ENOMEM;
}

function bucketOf(map: u32, hash: u32): u32 {
  return load<u32>(map, M_TABLE) + ((hash & load<u32>(map, M_MASK)) << 2);
}

function chainFind(map: u32, key: u32, hash: u32): u32 {
  const keyOffset = load<u32>(map, M_KEY);
  const size = load<u32>(map, MAP_KEY_SIZE);
  let slot = load<u32>(bucketOf(map, hash));
  // In shared memory a reader may be led astray by a writer; it then stops after at most every slot.
  let steps = ASC_FEATURE_THREADS ? load<u32>(map, M_SLOTS) : 0;
  while (slot) {
    const entry = entryAt(map, slot - 1);
    if (load<u32>(entry, E_HASH) == hash && sameKey(entry + keyOffset, key, size)) return slot;
    slot = load<u32>(entry, E_NEXT);
    if (ASC_FEATURE_THREADS && steps-- == 0) return 0;
  }
  return 0;
}

/** slot + 1 of a key, or 0. */
export function hashFind(map: u32, key: u32): u32 {
  const hash = hashKey(map, key);
  let slot: u32;
  let sequence: u32;
  do {
    sequence = readBegin(map + M_LOCK);
    slot = chainFind(map, key, hash);
  } while (!unchanged(map + M_LOCK, sequence));
  return slot;
}

/** The running CPU's value for a program; makes the element the most recently used of an LRU map. */
export function hashLookup(map: u32, key: u32): u32 {
  if (load<u32>(map, M_LRU)) return lruLookup(map, key);
  const slot = hashFind(map, key);
  return slot ? ownValueAt(map, slot - 1) : 0;
}

function lruLookup(map: u32, key: u32): u32 {
  const hash = hashKey(map, key);
  lock(map + M_LOCK);
  const slot = chainFind(map, key, hash);
  if (slot) lruTouch(map, slot - 1);
  unlock(map + M_LOCK);
  return slot ? ownValueAt(map, slot - 1) : 0;
}

/** CPU 0's value for the host. */
export function hashPeek(map: u32, key: u32): u32 {
  const slot = hashFind(map, key);
  return slot ? valueAt(map, slot - 1) : 0;
}

/** Address of the link that points at `slot` (as slot + 1) in its chain. */
function linkTo(map: u32, slot: u32): u32 {
  let link = bucketOf(map, load<u32>(entryAt(map, slot), E_HASH));
  while (load<u32>(link) != slot + 1) link = entryAt(map, load<u32>(link) - 1) + E_NEXT;
  return link;
}

function detach(map: u32, slot: u32): void {
  const entry = entryAt(map, slot);
  store<u32>(linkTo(map, slot), load<u32>(entry, E_NEXT));
  if (load<u32>(map, M_LRU)) lruRemove(map, slot);
  giveSlot(map, slot);
  addCount(map, -1);
}

/** A new entry for `key` at `link`; the caller has made sure of a free slot. Returns its slot. */
function attach(map: u32, link: u32, key: u32, hash: u32, next: u32): u32 {
  const slot = takeSlot(map) - 1;
  const entry = entryAt(map, slot);
  copyKey(map, entry + load<u32>(map, M_KEY), key);
  store<u32>(entry, hash, E_HASH);
  store<u32>(entry, next, E_NEXT);
  store<u32>(link, slot + 1);
  if (load<u32>(map, M_LRU)) lruInsert(map, slot);
  return slot;
}

function writeValue(map: u32, slot: u32, value: u32, host: bool, fresh: bool): void {
  const to = valueAt(map, slot);
  if (load<u32>(map, M_CPUS) == 1) copyValue(map, to, value);
  else if (host) copyAllCpus(map, to, value);
  else copyOwnCpu(map, to, value, fresh);
}

function insert(map: u32, key: u32, hash: u32, value: u32, host: bool): i32 {
  if (load<u32>(map, MAP_COUNT) >= load<u32>(map, MAP_MAX_ENTRIES)) {
    if (!load<u32>(map, M_LRU)) return -E2BIG;
    detach(map, lruLast(map));
  }
  const bucket = bucketOf(map, hash);
  const slot = attach(map, bucket, key, hash, load<u32>(bucket));
  clearSpinLock(map, slot);
  writeValue(map, slot, value, host, true);
  addCount(map, 1);
  return 0;
}

function clearSpinLock(map: u32, slot: u32): void {
  const at = load<u32>(map, MAP_SPIN_LOCK);
  if (at) store<u32>(valueAt(map, slot) + at - 1, 0);
}

/**
 * As in the kernel, an update puts a new element in the old one's place: who holds a pointer to the old value
 * goes on reading the old value. Per-CPU values and locked updates are written in place.
 */
function replace(map: u32, old: u32, key: u32, value: u32, host: bool, inPlace: bool): void {
  if (inPlace) {
    writeValue(map, old, value, host, false);
    if (load<u32>(map, M_LRU)) lruTouch(map, old);
    return;
  }
  const link = linkTo(map, old);
  const entry = entryAt(map, old);
  const next = load<u32>(entry, E_NEXT);
  const slot = attach(map, link, key, load<u32>(entry, E_HASH), next);
  clearSpinLock(map, slot);
  writeValue(map, slot, value, host, true);
  if (load<u32>(map, M_LRU)) lruRemove(map, old);
  giveSlot(map, old);
}

function checkUpdate(map: u32, flags: u64): bool {
  if (flags & BPF_F_LOCK) return load<u32>(map, MAP_SPIN_LOCK) != 0 && (flags & ~BPF_F_LOCK) <= <u64>BPF_EXIST;
  return flags <= <u64>BPF_EXIST;
}

function updateLocked(map: u32, key: u32, hash: u32, value: u32, flags: u64, host: bool): i32 {
  const slot = chainFind(map, key, hash);
  if (slot == 0) return flags & BPF_EXIST ? -ENOENT : insert(map, key, hash, value, host);
  if (flags & BPF_NOEXIST) return -EEXIST;
  const inPlace = isPerCpu(load<u32>(map, MAP_TYPE)) || (flags & BPF_F_LOCK) != 0;
  replace(map, slot - 1, key, value, host, inPlace);
  return 0;
}

export function hashUpdate(map: u32, key: u32, value: u32, flags: u64, host: bool): i32 {
  if (!checkUpdate(map, flags)) return -EINVAL;
  const hash = hashKey(map, key);
  lock(map + M_LOCK);
  const result = updateLocked(map, key, hash, value, flags, host);
  unlock(map + M_LOCK);
  return result;
}

export function hashDelete(map: u32, key: u32): i32 {
  const hash = hashKey(map, key);
  lock(map + M_LOCK);
  const slot = chainFind(map, key, hash);
  if (slot) detach(map, slot - 1);
  unlock(map + M_LOCK);
  return slot ? 0 : -ENOENT;
}

/** First used slot (+ 1) of the buckets from `bucket` on, or 0. */
function firstFrom(map: u32, bucket: u32): u32 {
  const end = load<u32>(map, M_TABLE) + load<u32>(map, M_MASK) * 4 + 4;
  for (; bucket < end; bucket += 4) {
    const slot = load<u32>(bucket);
    if (slot) return slot;
  }
  return 0;
}

/** slot + 1 of the element after `slot` (+ 1; 0: the first) in bucket order, or 0 at the end. */
export function hashAfter(map: u32, slot: u32): u32 {
  if (slot == 0) return firstFrom(map, load<u32>(map, M_TABLE));
  const entry = entryAt(map, slot - 1);
  const next = load<u32>(entry, E_NEXT);
  return next ? next : firstFrom(map, bucketOf(map, load<u32>(entry, E_HASH)) + 4);
}

export function hashKeyOf(map: u32, slot: u32): u32 {
  return entryAt(map, slot) + load<u32>(map, M_KEY);
}

/** As the syscall: a key that is not there (any more) starts over. */
export function hashNextKey(map: u32, key: u32, out: u32): i32 {
  lock(map + M_LOCK);
  const slot = hashAfter(map, key ? chainFind(map, key, hashKey(map, key)) : 0);
  if (slot) copyKey(map, out, hashKeyOf(map, slot - 1));
  unlock(map + M_LOCK);
  return slot ? 0 : -ENOENT;
}

// ---- by bucket, for batched reads and for_each ---------------------------------------------------------------

export function hashBuckets(map: u32): u32 {
  return load<u32>(map, M_MASK) + 1;
}

/** First element (slot + 1) of the bucket numbered `index`, or 0. */
export function hashBucketAt(map: u32, index: u32): u32 {
  return load<u32>(load<u32>(map, M_TABLE) + index * 4);
}

/** Number of the bucket that the element in `slot` is, or was last, in. */
export function hashBucketNumber(map: u32, slot: u32): u32 {
  return load<u32>(entryAt(map, slot), E_HASH) & load<u32>(map, M_MASK);
}

/** The element (slot + 1) after `slot` (+ 1) in its chain, or 0. */
export function hashNextOf(map: u32, slot: u32): u32 {
  return load<u32>(entryAt(map, slot - 1), E_NEXT);
}

export function hashChainLength(map: u32, slot: u32): u32 {
  let length: u32 = 0;
  for (; slot; slot = hashNextOf(map, slot)) ++length;
  return length;
}

/** True when `slot` (+ 1) is in the chain that begins with `first`. */
export function hashInChain(map: u32, first: u32, slot: u32): bool {
  while (first && first != slot) first = hashNextOf(map, first);
  return first != 0;
}

/** What follows the element that is, or was, in `slot`: by its key, as it may have been replaced. Deleted: the chain again. */
export function hashResume(map: u32, slot: u32): u32 {
  const hash = load<u32>(entryAt(map, slot), E_HASH);
  const now = chainFind(map, hashKeyOf(map, slot), hash);
  return now ? hashNextOf(map, now) : load<u32>(bucketOf(map, hash));
}

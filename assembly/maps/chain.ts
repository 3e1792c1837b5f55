import { HDR_HASH_SEED, HEADER, MAP_FLAGS, MAP_KEY_SIZE, MAP_MAX_ENTRIES } from '../../src/abi/layout';
import { BPF_F_ZERO_SEED } from '../../src/abi/maps';
import { reserve } from '../memory/allocator';
import { readBegin, unchanged } from '../memory/lock';
import { owe } from '../run/budget';
import { M_ENTRIES, M_LOCK, M_TABLE } from './descriptor';
import { hash4, hash8, hashKey, M_SEED, sameKey } from './key';
import { E_NEXT, entryAt, M_ENTRY_STRIDE, M_SLOT_TYPE, M_SLOTS } from './slots';

// Buckets and chains of hash maps: chains of slots (as slot + 1, 0 at the end) from a power-of-two array of
// buckets. An entry is {next, hash, [LRU links,] key}. What finds a key returns the link that points at its
// entry, or the 0 at the end of its chain: whoever inserts, replaces or deletes needs no second walk.

const M_MASK: i32 = M_SLOT_TYPE + 8;
const M_KEY: i32 = M_SLOT_TYPE + 12; // offset of the key in an entry
/** First field for the LRU list. */
export const M_CHAIN_TYPE: i32 = M_SLOT_TYPE + 16;

const E_HASH: i32 = 4;

function bucketCount(entries: u32): u32 {
  return entries <= 1 ? 1 : (1 as u32) << (32 - clz(entries - 1));
}

/** Reserves `slots` entries with the key at `keyOffset`, and the buckets. */
export function chainsInit(map: u32, slots: u32, keyOffset: u32): bool {
  const stride = (keyOffset + load<u32>(map, MAP_KEY_SIZE) + 7) & ~7;
  const buckets = bucketCount(load<u32>(map, MAP_MAX_ENTRIES));
  const entries = reserve((slots as u64) * stride);
  store<u32>(map, slots, M_SLOTS);
  store<u32>(map, keyOffset, M_KEY);
  store<u32>(map, entries, M_ENTRIES);
  store<u32>(map, stride, M_ENTRY_STRIDE);
  store<u32>(map, buckets - 1, M_MASK);
  if (!(load<u32>(map, MAP_FLAGS) & BPF_F_ZERO_SEED))
    store<u64>(map, load<u64>(HEADER, HDR_HASH_SEED), M_SEED);
  if (entries) store<u32>(map, reserve((buckets as u64) * 4), M_TABLE);
  return load<u32>(map, M_TABLE) != 0;
}

export function keyAt(map: u32, slot: u32): u32 {
  return entryAt(map, slot) + load<u32>(map, M_KEY);
}

export function hashAt(map: u32, slot: u32): u32 {
  return load<u32>(entryAt(map, slot), E_HASH);
}

export function setHash(entry: u32, hash: u32): void {
  store<u32>(entry, hash, E_HASH);
}

export function bucketOf(map: u32, hash: u32): u32 {
  return load<u32>(map, M_TABLE) + ((hash & load<u32>(map, M_MASK)) << 2);
}

/** A walk rests every so many steps (less one: a mask). */
const REST: u32 = 63;

/**
 * Where a walk rests. It pays for its steps: keys made to collide make long chains. In shared memory a reader may be
 * led astray by a writer; true when it has made more steps than there are slots.
 */
function rest(map: u32, steps: u32): bool {
  owe(REST + 1);
  return ASC_FEATURE_THREADS && steps > load<u32>(map, M_SLOTS);
}

function link8(map: u32, word: u64, hash: u32): u32 {
  const keys = load<u32>(map, M_KEY);
  let steps: u32 = 0;
  let link = bucketOf(map, hash);
  for (let slot = load<u32>(link); slot; slot = load<u32>(link)) {
    const entry = entryAt(map, slot - 1);
    if (load<u64>(entry + keys) == word) return link;
    if ((++steps & REST) == 0 && rest(map, steps)) return link;
    link = entry + E_NEXT;
  }
  return link;
}

function link4(map: u32, word: u32, hash: u32): u32 {
  const keys = load<u32>(map, M_KEY);
  let steps: u32 = 0;
  let link = bucketOf(map, hash);
  for (let slot = load<u32>(link); slot; slot = load<u32>(link)) {
    const entry = entryAt(map, slot - 1);
    if (load<u32>(entry + keys) == word) return link;
    if ((++steps & REST) == 0 && rest(map, steps)) return link;
    link = entry + E_NEXT;
  }
  return link;
}

function linkAny(map: u32, key: u32, hash: u32): u32 {
  const keys = load<u32>(map, M_KEY);
  const size = load<u32>(map, MAP_KEY_SIZE);
  let steps: u32 = 0;
  let link = bucketOf(map, hash);
  for (let slot = load<u32>(link); slot; slot = load<u32>(link)) {
    const entry = entryAt(map, slot - 1);
    if (load<u32>(entry, E_HASH) == hash && sameKey(entry + keys, key, size)) return link;
    if ((++steps & REST) == 0 && rest(map, steps)) return link;
    link = entry + E_NEXT;
  }
  return link;
}

/** For whoever holds the lock. */
export function linkOf(map: u32, key: u32, hash: u32): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 8) return link8(map, load<u64>(key), hash);
  if (size == 4) return link4(map, load<u32>(key), hash);
  return linkAny(map, key, hash);
}

/** Address of the link that points at `slot` in its chain. */
export function linkTo(map: u32, slot: u32): u32 {
  let link = bucketOf(map, hashAt(map, slot));
  for (let steps: u32 = 1; load<u32>(link) != slot + 1; ++steps) {
    link = entryAt(map, load<u32>(link) - 1) + E_NEXT;
    if ((steps & REST) == 0) rest(map, steps);
  }
  return link;
}

function findOnce(map: u32, key: u32): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 8) {
    const word = load<u64>(key);
    return load<u32>(link8(map, word, hash8(map, word)));
  }
  if (size == 4) {
    const word = load<u32>(key);
    return load<u32>(link4(map, word, hash4(map, word)));
  }
  return load<u32>(linkAny(map, key, hashKey(map, key)));
}

/** slot + 1 of a key, or 0. Takes no lock: a search that a writer came into is done again. */
export function find(map: u32, key: u32): u32 {
  let slot: u32;
  let sequence: u32;
  do {
    sequence = readBegin(map + M_LOCK);
    slot = findOnce(map, key);
  } while (!unchanged(map + M_LOCK, sequence));
  return slot;
}

// ---- iteration, in bucket order --------------------------------------------------------------------------------

export function bucketTotal(map: u32): u32 {
  return load<u32>(map, M_MASK) + 1;
}

/** First element (slot + 1) of the bucket numbered `index`, or 0. */
export function bucketFirst(map: u32, index: u32): u32 {
  return load<u32>(load<u32>(map, M_TABLE) + index * 4);
}

/** Number of the bucket that the element in `slot` is, or was last, in. */
export function bucketNumber(map: u32, slot: u32): u32 {
  return hashAt(map, slot) & load<u32>(map, M_MASK);
}

/** The element (slot + 1) after `slot` (+ 1) in its chain, or 0. */
export function nextOf(map: u32, slot: u32): u32 {
  return load<u32>(entryAt(map, slot - 1), E_NEXT);
}

/** Elements from `slot` (+ 1) on. */
export function chainLength(map: u32, slot: u32): u32 {
  let length: u32 = 0;
  for (; slot; slot = nextOf(map, slot)) ++length;
  return length;
}

/** True when `slot` (+ 1) is in the chain that begins with `first`. */
export function inChain(map: u32, first: u32, slot: u32): bool {
  for (let steps: u32 = 1; first && first != slot; ++steps) {
    first = nextOf(map, first);
    if ((steps & REST) == 0) rest(map, steps);
  }
  return first != 0;
}

/** First element (slot + 1) in the buckets from the address `bucket` on, or 0. */
function firstFrom(map: u32, bucket: u32): u32 {
  const end = load<u32>(map, M_TABLE) + bucketTotal(map) * 4;
  for (; bucket < end; bucket += 4) {
    const slot = load<u32>(bucket);
    if (slot) return slot;
  }
  return 0;
}

/** The element (slot + 1) after `slot` (+ 1; 0: the first), or 0 at the end. */
export function following(map: u32, slot: u32): u32 {
  if (slot == 0) return firstFrom(map, load<u32>(map, M_TABLE));
  const next = nextOf(map, slot);
  return next ? next : firstFrom(map, bucketOf(map, hashAt(map, slot - 1)) + 4);
}

/** What follows the element that is, or was, in `slot`: by its key, as it may have been replaced. Deleted: the chain again. */
export function resume(map: u32, slot: u32): u32 {
  const hash = hashAt(map, slot);
  const now = load<u32>(linkOf(map, keyAt(map, slot), hash));
  return now ? nextOf(map, now) : load<u32>(bucketOf(map, hash));
}

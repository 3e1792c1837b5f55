import { BUCKETS_PER_3_ELEMENTS, ENTRY_ALIGN, HASH_BUCKETS } from '../../src/abi/hash';
import { MAP_KEY_SIZE, MAP_MAX_ENTRIES } from '../../src/abi/layout';
import { reserve } from '../memory/allocator';
import { readBegin, unchanged } from '../memory/lock';
import { owe } from '../run/budget';
import { M_LOCK, M_TABLE } from './descriptor';
import { fillSecrets, hashKey, sameKey, wordAt } from './key';
import { E_NEXT, entryAt, M_ENTRIES, M_ENTRY_STRIDE, M_SLOT_TYPE, M_SLOTS } from './slots';

// Buckets and chains of hash maps, see src/abi/hash.ts. What finds a key returns the link that points at its entry,
// or the 0 at the end of its chain: whoever inserts, replaces or deletes needs no second walk.

const M_SHIFT: i32 = M_SLOT_TYPE; // of a hash, to the number of its bucket
const M_KEY: i32 = M_SLOT_TYPE + 4; // offset of the key in an entry
/** First field for the LRU list. */
export const M_CHAIN_TYPE: i32 = M_SLOT_TYPE + 8;

/** Binary logarithm of the number of buckets. */
function bucketBits(entries: u32): u32 {
  const wanted = ((entries as u64) * BUCKETS_PER_3_ELEMENTS + 2) / 3;
  return wanted <= 2 ? 1 : 32 - clz((wanted - 1) as u32);
}

/** Reserves `slots` entries with the key at `keyOffset`, and the buckets. */
export function chainsInit(map: u32, slots: u32, keyOffset: u32): bool {
  const stride = (keyOffset + load<u32>(map, MAP_KEY_SIZE) + ENTRY_ALIGN - 1) & ~(ENTRY_ALIGN - 1);
  const bits = bucketBits(load<u32>(map, MAP_MAX_ENTRIES));
  const head = HASH_BUCKETS + ((4 as u64) << bits);
  const table = reserve(head + (slots as u64) * stride);
  if (table == 0) return false;
  store<u32>(map, slots, M_SLOTS);
  store<u32>(map, keyOffset, M_KEY);
  store<u32>(map, table, M_TABLE);
  store<u32>(map, table + (head as u32), M_ENTRIES);
  store<u32>(map, stride, M_ENTRY_STRIDE);
  store<u32>(map, 32 - bits, M_SHIFT);
  fillSecrets(map, table);
  return true;
}

@inline
export function keyAt(map: u32, slot: u32): u32 {
  return entryAt(map, slot) + load<u32>(map, M_KEY);
}

/** Of the key that is, or was last, in `slot`. */
function hashAt(map: u32, slot: u32): u32 {
  return hashKey(map, keyAt(map, slot));
}

@inline
export function bucketOf(map: u32, hash: u32): u32 {
  return load<u32>(map, M_TABLE) + HASH_BUCKETS + ((hash >> load<u32>(map, M_SHIFT)) << 2);
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

@inline
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

@inline
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

@inline
function link16(map: u32, first: u64, second: u64, hash: u32): u32 {
  const keys = load<u32>(map, M_KEY);
  let steps: u32 = 0;
  let link = bucketOf(map, hash);
  for (let slot = load<u32>(link); slot; slot = load<u32>(link)) {
    const entry = entryAt(map, slot - 1);
    if (load<u64>(entry + keys, 8) == second && load<u64>(entry + keys) == first) return link;
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
    if (sameKey(entry + keys, key, size)) return link;
    if ((++steps & REST) == 0 && rest(map, steps)) return link;
    link = entry + E_NEXT;
  }
  return link;
}

/** Without the lock, a writer in shared memory may lead it astray: see `find`. */
@inline
export function linkOf(map: u32, key: u32, hash: u32): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 16) return link16(map, wordAt(key), wordAt(key + 8), hash);
  if (size == 8) return link8(map, wordAt(key), hash);
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

/** The sequence number of the map's lock at which the last `find` of this instance found what it returned. */
export let foundAt: u32 = 0;

/** slot + 1 of a key, or 0. Takes no lock: a search that a writer came into is done again. */
export function find(map: u32, key: u32): u32 {
  const hash = hashKey(map, key);
  let slot: u32;
  let sequence: u32;
  do {
    sequence = readBegin(map + M_LOCK);
    slot = load<u32>(linkOf(map, key, hash));
  } while (!unchanged(map + M_LOCK, sequence));
  foundAt = sequence;
  return slot;
}

// ---- iteration, in bucket order --------------------------------------------------------------------------------

export function bucketTotal(map: u32): u32 {
  return (1 as u32) << (32 - load<u32>(map, M_SHIFT));
}

/** First element (slot + 1) of the bucket numbered `index`, or 0. */
export function bucketFirst(map: u32, index: u32): u32 {
  return load<u32>(load<u32>(map, M_TABLE) + index * 4, HASH_BUCKETS);
}

/** Number of the bucket that the element in `slot` is, or was last, in. */
export function bucketNumber(map: u32, slot: u32): u32 {
  return hashAt(map, slot) >> load<u32>(map, M_SHIFT);
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
  const end = load<u32>(map, M_TABLE) + HASH_BUCKETS + bucketTotal(map) * 4;
  for (; bucket < end; bucket += 4) {
    const slot = load<u32>(bucket);
    if (slot) return slot;
  }
  return 0;
}

/** The element (slot + 1) after `slot` (+ 1; 0: the first), or 0 at the end. */
export function following(map: u32, slot: u32): u32 {
  if (slot == 0) return firstFrom(map, load<u32>(map, M_TABLE) + HASH_BUCKETS);
  const next = nextOf(map, slot);
  return next ? next : firstFrom(map, bucketOf(map, hashAt(map, slot - 1)) + 4);
}

/** What follows the element that is, or was, in `slot`: by its key, as it may have been replaced. Deleted: the chain again. */
export function resume(map: u32, slot: u32): u32 {
  const hash = hashAt(map, slot);
  const now = load<u32>(linkOf(map, keyAt(map, slot), hash));
  return now ? nextOf(map, now) : load<u32>(bucketOf(map, hash));
}

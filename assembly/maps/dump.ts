import {
  MAP_CPU_STRIDE,
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_TYPE,
  MAP_VALUE_SIZE,
  MAP_VALUE_STRIDE,
} from '../../src/abi/layout';
import {
  BPF_F_WRONLY,
  EINVAL,
  EPERM,
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_CPUMAP,
  MAP_TYPE_DEVMAP,
  MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE_HASH,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_LPM_TRIE,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_STRUCT_OPS,
  MAP_TYPE_XSKMAP,
  MAP_TYPE_SK_STORAGE,
  MAP_TYPE_INODE_STORAGE,
  MAP_TYPE_TASK_STORAGE,
  MAP_TYPE_CGRP_STORAGE,
} from '../../src/abi/maps';
import { nextSlot, storageDump } from '../storage/values';
import { copy } from '../memory/bytes';
import { lock, unlock } from '../memory/lock';
import { M_CPUS, M_LOCK, valueAt } from './descriptor';
import { bucketFirst, bucketNumber, bucketTotal, chainLength, keyAt, nextOf, resume } from './chain';
import { mapHashPeekAt } from './nested';
import { peek } from './table';
import { trieAfter } from './trie';

// Batched reads for the host. The cursor is a type's own: an index; a bucket, or SLOT + the last slot copied
// when a chain is longer than the caller has room for; a trie's last slot + 1.

export const CURSOR_END: u32 = 0xffff_ffff;
const SLOT: u32 = 0x8000_0000;

/** Where the `index`th key of a batch goes. */
function keyOut(map: u32, keys: u32, index: u32): u32 {
  return keys + index * ((load<u32>(map, MAP_KEY_SIZE) + 7) & ~7);
}

/** Copies the values of all CPUs, one after the other. */
function putValue(map: u32, values: u32, index: u32, from: u32): void {
  const stride = load<u32>(map, MAP_VALUE_STRIDE);
  const apart = load<u32>(map, MAP_CPU_STRIDE);
  const cpus = load<u32>(map, M_CPUS);
  let to = values + index * stride * cpus;
  for (let cpu: u32 = 0; cpu < cpus; ++cpu, to += stride, from += apart)
    copy(to, from, load<u32>(map, MAP_VALUE_SIZE));
}

function dumpIndexed(map: u32, cursor: u32, keys: u32, values: u32, max: u32, cursorOut: u32): u32 {
  const entries = load<u32>(map, MAP_MAX_ENTRIES);
  let count: u32 = 0;
  for (; cursor < entries && count < max; ++cursor) {
    const key = keyOut(map, keys, count);
    store<u32>(key, cursor);
    const value = peek(map, key);
    if (value) putValue(map, values, count++, value);
  }
  store<u32>(cursorOut, cursor < entries ? cursor : CURSOR_END);
  return count;
}

function putElement(map: u32, slot: u32, keys: u32, values: u32, index: u32): void {
  copy(keyOut(map, keys, index), keyAt(map, slot), load<u32>(map, MAP_KEY_SIZE));
  const nested = load<u32>(map, MAP_TYPE) == MAP_TYPE_HASH_OF_MAPS;
  putValue(map, values, index, nested ? mapHashPeekAt(map, slot) : valueAt(map, slot));
}

/** A chain that does not fit whole, from `slot` (+ 1) on. Returns the cursor. */
function dumpPart(map: u32, slot: u32, keys: u32, values: u32, max: u32): u32 {
  let last = slot;
  for (let index: u32 = 0; index < max && slot; ++index) {
    putElement(map, slot - 1, keys, values, index);
    last = slot;
    slot = nextOf(map, slot);
  }
  return SLOT | (last - 1);
}

/** Whole buckets while they fit: elements deleted between two batches then cannot make others be missed. */
function dumpBuckets(map: u32, bucket: u32, keys: u32, values: u32, max: u32, cursorOut: u32): u32 {
  const buckets = bucketTotal(map);
  let count: u32 = 0;
  for (; bucket < buckets && count < max; ++bucket) {
    const first = bucketFirst(map, bucket);
    if (first == 0) continue;
    if (chainLength(map, first) > max - count)
      return stopAt(map, bucket, first, keys, values, count, max, cursorOut);
    for (let slot = first; slot; slot = nextOf(map, slot)) putElement(map, slot - 1, keys, values, count++);
  }
  store<u32>(cursorOut, bucket < buckets ? bucket : CURSOR_END);
  return count;
}

function stopAt(
  map: u32,
  bucket: u32,
  first: u32,
  keys: u32,
  values: u32,
  count: u32,
  max: u32,
  cursorOut: u32,
): u32 {
  store<u32>(cursorOut, count ? bucket : dumpPart(map, first, keys, values, max));
  return count ? count : max;
}

/** Goes on within a chain after the slot in the cursor. */
function dumpChain(map: u32, cursor: u32, keys: u32, values: u32, max: u32, cursorOut: u32): u32 {
  const slot = cursor & ~SLOT;
  const rest = resume(map, slot);
  const length = chainLength(map, rest);
  if (length > max) {
    store<u32>(cursorOut, dumpPart(map, rest, keys, values, max));
    return max;
  }
  dumpPart(map, rest, keys, values, length);
  return length + dumpMore(map, slot, keys, values, length, max, cursorOut);
}

/** After the last of a chain: the buckets that follow the one of `slot`. */
function dumpMore(map: u32, slot: u32, keys: u32, values: u32, count: u32, max: u32, cursorOut: u32): u32 {
  const stride = load<u32>(map, MAP_VALUE_STRIDE) * load<u32>(map, M_CPUS);
  const next = bucketNumber(map, slot) + 1;
  return dumpBuckets(map, next, keyOut(map, keys, count), values + count * stride, max - count, cursorOut);
}

function dumpHash(map: u32, cursor: u32, keys: u32, values: u32, max: u32, cursorOut: u32): u32 {
  lock(map + M_LOCK);
  const count =
    cursor & SLOT
      ? dumpChain(map, cursor, keys, values, max, cursorOut)
      : dumpBuckets(map, cursor, keys, values, max, cursorOut);
  unlock(map + M_LOCK);
  return count;
}

function dumpTrie(map: u32, cursor: u32, keys: u32, values: u32, max: u32, cursorOut: u32): u32 {
  let count: u32 = 0;
  lock(map + M_LOCK);
  while (count < max) {
    cursor = trieAfter(map, cursor, keyOut(map, keys, count));
    if (cursor == 0) break;
    putValue(map, values, count++, valueAt(map, cursor - 1));
  }
  unlock(map + M_LOCK);
  store<u32>(cursorOut, cursor ? cursor : CURSOR_END);
  return count;
}

/** The keys are the addresses of the objects. */
function dumpStorage(map: u32, cursor: u32, keys: u32, values: u32, max: u32, cursorOut: u32): u32 {
  const count = storageDump(map, cursor, keys, values, max);
  store<u32>(cursorOut, count < max ? CURSOR_END : nextSlot);
  return count;
}

/** See RuntimeExports.mapDump. */
export function mapDump(map: u32, cursor: u32, keys: u32, values: u32, max: u32, cursorOut: u32): i32 {
  if (load<u32>(map, MAP_FLAGS) & BPF_F_WRONLY) return -EPERM;
  if (max == 0) return -EINVAL;
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
    case MAP_TYPE_STRUCT_OPS:
      return dumpIndexed(map, cursor, keys, values, max, cursorOut);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
    case MAP_TYPE_HASH_OF_MAPS:
      return dumpHash(map, cursor, keys, values, max, cursorOut);
    case MAP_TYPE_LPM_TRIE:
      return dumpTrie(map, cursor, keys, values, max, cursorOut);
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return dumpStorage(map, cursor, keys, values, max, cursorOut);
    default:
      return -EINVAL;
  }
}

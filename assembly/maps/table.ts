import { MAP_TYPE } from '../../src/abi/layout';
import {
  EINVAL,
  EOPNOTSUPP,
  ENOTSUPP,
  MAP_TYPE_ARENA,
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_CGROUP_ARRAY,
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
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_QUEUE,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_STACK,
  MAP_TYPE_STACK_TRACE,
  MAP_TYPE_STRUCT_OPS,
  MAP_TYPE_USER_RINGBUF,
  MAP_TYPE_XSKMAP,
  MAP_TYPE_SK_STORAGE,
  MAP_TYPE_INODE_STORAGE,
  MAP_TYPE_TASK_STORAGE,
  MAP_TYPE_CGRP_STORAGE,
} from '../../src/abi/maps';
import { storagePeek, storageRemove, storageWrite } from '../storage/host';
import { bloomPeek, bloomPush } from './bloom';
import { queuePush, queueTake } from './queue';
import { arrayLookup, arrayPeek, arrayUpdate, indexNextKey } from './array';
import { hashDelete, hashLookup, hashNextKey, hashPeek, hashUpdate } from './hash';
import { mapHashDelete, mapHashLookup, mapHashPeek, mapHashUpdate } from './nested';
import { objectAt, objectDelete, objectPeek, objectUpdate, portDelete, portUpdate, slateAt } from './slate';
import { stackDelete, stackNextKey } from './stacks';
import { trieDelete, trieLookup, trieNextKey, trieUpdate } from './trie';

// One switch an operation, over the map's type. Types without the operation answer as the kernel's do.

/** A program's lookup: the running CPU's value, or an inner map; 0 when there is none. */
export function lookup(map: u32, key: u32): u32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
      return arrayLookup(map, key);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
      return hashLookup(map, key);
    case MAP_TYPE_LPM_TRIE:
      return trieLookup(map, key);
    case MAP_TYPE_ARRAY_OF_MAPS:
      return objectAt(map, load<u32>(key));
    case MAP_TYPE_HASH_OF_MAPS:
      return mapHashLookup(map, key);
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
      return slateAt(map, load<u32>(key));
    default:
      return 0;
  }
}

/** The host's lookup: CPU 0's value, or the number of a program or inner map; no effect on LRU order. */
export function peek(map: u32, key: u32): u32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
    case MAP_TYPE_STRUCT_OPS:
      return arrayPeek(map, key);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
      return hashPeek(map, key);
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
      return objectPeek(map, key);
    case MAP_TYPE_HASH_OF_MAPS:
      return mapHashPeek(map, key);
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return storagePeek(map, key);
    default:
      return lookup(map, key);
  }
}

/** 0 or a negative error number. Per-CPU values: the host gives all CPUs', a program its own CPU's. */
export function update(map: u32, key: u32, value: u32, flags: u64, host: bool): i32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
      return arrayUpdate(map, key, value, flags, host);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
      return hashUpdate(map, key, value, flags, host);
    case MAP_TYPE_LPM_TRIE:
      return trieUpdate(map, key, value, flags, host);
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_CGROUP_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
      return host ? objectUpdate(map, key, value, flags) : -EINVAL;
    case MAP_TYPE_HASH_OF_MAPS:
      return host ? mapHashUpdate(map, key, value, flags) : -EINVAL;
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
      return host ? portUpdate(map, key, value, flags) : -EINVAL;
    case MAP_TYPE_QUEUE:
    case MAP_TYPE_STACK:
      return host ? queuePush(map, value, flags) : -EINVAL;
    case MAP_TYPE_BLOOM_FILTER:
      return host ? bloomPush(map, value, flags) : -EINVAL;
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return host ? storageWrite(map, key, value, flags) : -EINVAL;
    case MAP_TYPE_STACK_TRACE:
      return -EINVAL;
    case MAP_TYPE_RINGBUF:
    case MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP;
    default:
      return -EOPNOTSUPP;
  }
}

export function remove(map: u32, key: u32, host: bool): i32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
      return hashDelete(map, key);
    case MAP_TYPE_LPM_TRIE:
      return trieDelete(map, key);
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_CGROUP_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
      return host ? objectDelete(map, key) : -EINVAL;
    case MAP_TYPE_HASH_OF_MAPS:
      return host ? mapHashDelete(map, key) : -EINVAL;
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
      return host ? portDelete(map, key) : -EINVAL;
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return host ? storageRemove(map, key) : -EINVAL;
    case MAP_TYPE_STACK_TRACE:
      return host ? stackDelete(map, key) : -EINVAL;
    case MAP_TYPE_BLOOM_FILTER:
    case MAP_TYPE_ARENA:
      return -EOPNOTSUPP;
    case MAP_TYPE_RINGBUF:
    case MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP;
    default:
      return -EINVAL;
  }
}

export function nextKey(map: u32, key: u32, out: u32): i32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_PERF_EVENT_ARRAY:
    case MAP_TYPE_CGROUP_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
    case MAP_TYPE_STRUCT_OPS:
      return indexNextKey(map, key, out);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
    case MAP_TYPE_HASH_OF_MAPS:
      return hashNextKey(map, key, out);
    case MAP_TYPE_LPM_TRIE:
      return trieNextKey(map, key, out);
    case MAP_TYPE_STACK_TRACE:
      return stackNextKey(map, key, out);
    case MAP_TYPE_BLOOM_FILTER:
    case MAP_TYPE_ARENA:
      return -EOPNOTSUPP;
    case MAP_TYPE_RINGBUF:
    case MAP_TYPE_USER_RINGBUF:
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return -ENOTSUPP;
    default:
      return -EINVAL;
  }
}

function isQueue(map: u32): bool {
  const type = load<u32>(map, MAP_TYPE);
  return type == MAP_TYPE_QUEUE || type == MAP_TYPE_STACK;
}

/** Queues, stacks and bloom filters: `value` goes in. */
export function push(map: u32, value: u32, flags: u64): i32 {
  if (load<u32>(map, MAP_TYPE) == MAP_TYPE_BLOOM_FILTER) return bloomPush(map, value, flags);
  return isQueue(map) ? queuePush(map, value, flags) : -EINVAL;
}

/** Queues and stacks: the next value to `out`, and out of the map when `remove`. */
export function take(map: u32, out: u32, remove: bool): i32 {
  if (load<u32>(map, MAP_TYPE) == MAP_TYPE_BLOOM_FILTER) return remove ? -EOPNOTSUPP : bloomPeek(map, out);
  return isQueue(map) ? queueTake(map, out, remove) : -EINVAL;
}

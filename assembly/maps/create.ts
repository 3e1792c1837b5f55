import {
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_MAGIC,
  MAP_MAGIC_VALUE,
  MAP_MAX_ENTRIES,
  MAP_SIZE,
  MAP_TYPE,
  MAP_VALUE_SIZE,
} from '../../src/abi/layout';
import {
  BPF_F_RDONLY_PROG,
  EINVAL,
  ENOMEM,
  EOPNOTSUPP,
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
import { storageInit } from '../storage/elements';
import { alloc, free } from '../memory/allocator';
import { perfInit, ringbufInit } from '../rings/maps';
import { arenaInit } from './arena';
import { arrayInit } from './array';
import { attributeError } from './attributes';
import { bloomInit } from './bloom';
import { freeSlabs, M_EXTRA, M_REFS } from './descriptor';
import { hashInit } from './hash';
import { mapHashClear, mapHashInit } from './nested';
import { canNest, isOuter, releaseInner, retain } from './nesting';
import { queueInit } from './queue';
import { clearObjects, objectsInit, slateInit } from './slate';
import { stacksInit } from './stacks';
import { trieInit } from './trie';

function initByType(map: u32): i32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARENA:
      return arenaInit(map);
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
    case MAP_TYPE_STRUCT_OPS:
      return arrayInit(map);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
    case MAP_TYPE_DEVMAP_HASH:
      return hashInit(map);
    case MAP_TYPE_LPM_TRIE:
      return trieInit(map);
    case MAP_TYPE_QUEUE:
    case MAP_TYPE_STACK:
      return queueInit(map);
    case MAP_TYPE_BLOOM_FILTER:
      return bloomInit(map);
    case MAP_TYPE_STACK_TRACE:
      return stacksInit(map);
    case MAP_TYPE_RINGBUF:
    case MAP_TYPE_USER_RINGBUF:
      return ringbufInit(map);
    case MAP_TYPE_PERF_EVENT_ARRAY:
      return perfInit(map);
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_CGROUP_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
      return objectsInit(map);
    case MAP_TYPE_HASH_OF_MAPS:
      return mapHashInit(map);
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
      return slateInit(map);
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return storageInit(map);
    default:
      return -EOPNOTSUPP;
  }
}

/** Redirect targets and callbacks: programs may look at them, the host alone fills them. */
function isHosts(type: u32): bool {
  return (
    type == MAP_TYPE_DEVMAP ||
    type == MAP_TYPE_DEVMAP_HASH ||
    type == MAP_TYPE_CPUMAP ||
    type == MAP_TYPE_XSKMAP ||
    type == MAP_TYPE_STRUCT_OPS
  );
}

/** Address of the new map, or a negative error number (those of the kernel's BPF_MAP_CREATE). */
export function mapCreate(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  extra: u32,
): i32 {
  const error = attributeError(type, keySize, valueSize, maxEntries, flags, extra);
  if (error) return error;
  if (isOuter(type) && !canNest(extra)) return -EINVAL;
  const map = alloc(MAP_SIZE);
  if (map == 0) return -ENOMEM;
  store<u32>(map, MAP_MAGIC_VALUE, MAP_MAGIC);
  store<u32>(map, type, MAP_TYPE);
  store<u32>(map, keySize, MAP_KEY_SIZE);
  store<u32>(map, valueSize, MAP_VALUE_SIZE);
  store<u32>(map, maxEntries, MAP_MAX_ENTRIES);
  store<u32>(map, isHosts(type) ? flags | BPF_F_RDONLY_PROG : flags, MAP_FLAGS);
  store<u32>(map, extra, M_EXTRA);
  store<u32>(map, 1, M_REFS);
  return complete(map);
}

function complete(map: u32): i32 {
  const error = initByType(map);
  if (error) {
    freeSlabs(map);
    free(map);
    return error;
  }
  if (isOuter(load<u32>(map, MAP_TYPE))) retain(load<u32>(map, M_EXTRA));
  return map as i32;
}

/** Drops what the map holds of others. */
function releaseElements(map: u32): void {
  const type = load<u32>(map, MAP_TYPE);
  if (type == MAP_TYPE_HASH_OF_MAPS) mapHashClear(map);
  if (type == MAP_TYPE_ARRAY_OF_MAPS || type == MAP_TYPE_CGROUP_ARRAY) clearObjects(map);
  if (isOuter(type)) releaseInner(load<u32>(map, M_EXTRA));
}

/** The host is done with the map; its memory goes when no outer map holds it any more. */
export function mapDestroy(map: u32): void {
  if (load<u32>(map, M_REFS) == 1) releaseElements(map);
  releaseInner(map);
}

import {
  ARENA_PAGE,
  BPF_F_CLONE,
  BPF_F_LINK,
  BPF_F_INNER_MAP,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NO_USER_CONV,
  BPF_F_NUMA_NODE,
  BPF_F_PRESERVE_ELEMS,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_SEGV_ON_FAULT,
  BPF_F_STACK_BUILD_ID,
  BPF_F_VTYPE_BTF_OBJ_FD,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
  E2BIG,
  EINVAL,
  ENOTSUPP,
  EOPNOTSUPP,
  ERANGE,
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
  MAP_TYPE_INSN_ARRAY,
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
import { isStorage } from '../storage/elements';
import { isPerCpu } from './hash';

// What BPF_MAP_CREATE checks, type by type (the map_alloc_check functions in kernel/bpf). All return 0 or a
// negative error number.

const ACCESS_HOST: u32 = BPF_F_RDONLY | BPF_F_WRONLY;
const ACCESS_PROG: u32 = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;
const ACCESS: u32 = ACCESS_HOST | ACCESS_PROG;
/** KMALLOC_MAX_SIZE and PCPU_MIN_UNIT_SIZE of x86-64. */
const KMALLOC_MAX: u64 = 1 << 22;
const PERCPU_MAX: u32 = 1 << 15;
const HASH_ELEMENT: u64 = 48;
const PAGE: u32 = 4096;
const TRIE_KEY_MIN: u32 = 5;
const TRIE_KEY_MAX: u32 = 260;
/** Less the largest key and struct lpm_trie_node. */
const TRIE_VALUE_MAX: u64 = KMALLOC_MAX - 260 - 40;
const CPUS_MAX: u32 = 8192;
/** The lower 4 bits of a bloom filter's map_extra are its number of hash functions. */
const HASHES_MAX: u32 = 15;
/** The default of the kernel.perf_event_max_stack setting. */
const STACK_FRAMES_MAX: u32 = 127;
const STACK_FRAME: u32 = 8;
const BUILD_ID_FRAME: u32 = 32;
const STACKS_MAX: u32 = 1 << 31;

/** U16_MAX, less struct bpf_local_storage_elem. */
const STORAGE_VALUE_MAX: u32 = 65535 - 128;

function flagError(flags: u32, allowed: u32): i32 {
  if (flags & ~allowed) return -EINVAL;
  return (flags & ACCESS_HOST) == ACCESS_HOST || (flags & ACCESS_PROG) == ACCESS_PROG ? -EINVAL : 0;
}

function arrayError(type: u32, keySize: u32, valueSize: u32, flags: u32): i32 {
  let allowed = BPF_F_NUMA_NODE | ACCESS;
  if (type == MAP_TYPE_ARRAY) allowed |= BPF_F_MMAPABLE | BPF_F_INNER_MAP;
  if (type == MAP_TYPE_PERF_EVENT_ARRAY) allowed |= BPF_F_PRESERVE_ELEMS;
  if (keySize != 4 || valueSize == 0) return -EINVAL;
  const error = flagError(flags, allowed);
  if (error) return error;
  if (valueSize > <u32>i32.MAX_VALUE) return -E2BIG;
  return type == MAP_TYPE_PERCPU_ARRAY && valueSize > PERCPU_MAX ? -E2BIG : 0;
}

/** One value, a table of callbacks (bpf_struct_ops_map_alloc_check). */
function structOpsError(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (keySize != 4 || maxEntries != 1 || valueSize == 0) return -EINVAL;
  return flags & ~(BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD) ? -EINVAL : 0;
}

/** max_entries is the size in pages; a user's view of it may not cross a boundary of 4 GiB. */
function arenaError(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32, start: u32): i32 {
  const allowed = BPF_F_SEGV_ON_FAULT | BPF_F_MMAPABLE | BPF_F_NO_USER_CONV;
  if (keySize != 0 || valueSize != 0 || !(flags & BPF_F_MMAPABLE) || flags & ~allowed) return -EINVAL;
  const size = (maxEntries as u64) * ARENA_PAGE;
  if (size > 1 << 32) return -E2BIG;
  return size + start > 1 << 32 ? -ERANGE : 0;
}

/** Arrays of program, perf event or map file descriptors. */
function objectsError(type: u32, keySize: u32, valueSize: u32, flags: u32): i32 {
  if (valueSize != 4 || flags & ACCESS_PROG) return -EINVAL;
  return arrayError(type, keySize, valueSize, flags);
}

function hashError(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  const lru = type == MAP_TYPE_LRU_HASH || type == MAP_TYPE_LRU_PERCPU_HASH;
  let allowed = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS;
  if (lru) allowed |= BPF_F_NO_COMMON_LRU;
  const error = flagError(flags, allowed);
  if (error) return error;
  if (isPerCpu(type) && flags & BPF_F_NUMA_NODE) return -EINVAL;
  if (lru && flags & BPF_F_NO_PREALLOC) return -ENOTSUPP;
  if (keySize == 0 || valueSize == 0 || maxEntries == 0) return -EINVAL;
  if ((keySize as u64) + valueSize >= KMALLOC_MAX - HASH_ELEMENT) return -E2BIG;
  return isPerCpu(type) && valueSize > PERCPU_MAX ? -E2BIG : 0;
}

function trieError(keySize: u32, valueSize: u32, flags: u32): i32 {
  if (!(flags & BPF_F_NO_PREALLOC) || keySize < TRIE_KEY_MIN || keySize > TRIE_KEY_MAX) return -EINVAL;
  if (valueSize == 0 || (valueSize as u64) > TRIE_VALUE_MAX) return -EINVAL;
  return flagError(flags, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | ACCESS);
}

function queueError(keySize: u32, valueSize: u32, flags: u32): i32 {
  if (keySize != 0 || valueSize == 0) return -EINVAL;
  const error = flagError(flags, BPF_F_NUMA_NODE | ACCESS);
  if (error) return error;
  return (valueSize as u64) > KMALLOC_MAX ? -E2BIG : 0;
}

function bloomError(keySize: u32, valueSize: u32, flags: u32, hashes: u32): i32 {
  if (keySize != 0 || valueSize == 0 || hashes > HASHES_MAX) return -EINVAL;
  const error = flagError(flags, BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS);
  if (error) return error;
  return (valueSize as u64) > KMALLOC_MAX ? -E2BIG : 0;
}

function stacksError(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  const frame = flags & BPF_F_STACK_BUILD_ID ? BUILD_ID_FRAME : STACK_FRAME;
  if (flags & ~(BPF_F_NUMA_NODE | ACCESS_HOST | BPF_F_STACK_BUILD_ID)) return -EINVAL;
  if (keySize != 4 || valueSize == 0 || valueSize % frame || valueSize / frame > STACK_FRAMES_MAX) return -EINVAL;
  return maxEntries > STACKS_MAX ? -E2BIG : 0;
}

/** max_entries is the size in bytes: a power of two and whole pages. */
function ringbufError(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (keySize != 0 || valueSize != 0 || !isPowerOfTwo(maxEntries) || maxEntries % PAGE) return -EINVAL;
  return flagError(flags, BPF_F_NUMA_NODE);
}

function isPowerOfTwo(n: u32): bool {
  return popcnt(n) == 1;
}

function portError(type: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (keySize != 4 || !(valueSize == 4 || (valueSize == 8 && type != MAP_TYPE_XSKMAP))) return -EINVAL;
  if (type != MAP_TYPE_CPUMAP) return flagError(flags, BPF_F_NUMA_NODE | ACCESS_HOST);
  if (flags & ~BPF_F_NUMA_NODE) return -EINVAL;
  return maxEntries > CPUS_MAX ? -E2BIG : 0;
}

/** Values belong to objects of the host: there is room for as many as there are objects. */
function storageError(keySize: u32, valueSize: u32, maxEntries: u32, flags: u32): i32 {
  if (flags & ~(BPF_F_NO_PREALLOC | BPF_F_CLONE) || !(flags & BPF_F_NO_PREALLOC)) return -EINVAL;
  if (keySize != 4 || valueSize == 0 || maxEntries != 0) return -EINVAL;
  return valueSize > STORAGE_VALUE_MAX ? -E2BIG : 0;
}

function isHash(type: u32): bool {
  return (
    type == MAP_TYPE_HASH || type == MAP_TYPE_HASH_OF_MAPS || isPerCpu(type) || type == MAP_TYPE_LRU_HASH
  );
}

/** `extra`: as given to mapCreate. */
export function attributeError(
  type: u32,
  keySize: u32,
  valueSize: u32,
  maxEntries: u32,
  flags: u32,
  extra: u32,
): i32 {
  if (maxEntries == 0 && !isHash(type) && !isStorage(type)) return -EINVAL;
  switch (type) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
      return arrayError(type, keySize, valueSize, flags);
    case MAP_TYPE_PROG_ARRAY:
    case MAP_TYPE_PERF_EVENT_ARRAY:
    case MAP_TYPE_CGROUP_ARRAY:
    case MAP_TYPE_ARRAY_OF_MAPS:
      return objectsError(type, keySize, valueSize, flags);
    case MAP_TYPE_HASH_OF_MAPS:
      return valueSize == 4 ? hashError(type, keySize, valueSize, maxEntries, flags) : -EINVAL;
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
      return hashError(type, keySize, valueSize, maxEntries, flags);
    case MAP_TYPE_ARENA:
      return arenaError(keySize, valueSize, maxEntries, flags, extra);
    case MAP_TYPE_STRUCT_OPS:
      return structOpsError(keySize, valueSize, maxEntries, flags);
    case MAP_TYPE_LPM_TRIE:
      return trieError(keySize, valueSize, flags);
    case MAP_TYPE_QUEUE:
    case MAP_TYPE_STACK:
      return queueError(keySize, valueSize, flags);
    case MAP_TYPE_BLOOM_FILTER:
      return bloomError(keySize, valueSize, flags, extra);
    case MAP_TYPE_STACK_TRACE:
      return stacksError(keySize, valueSize, maxEntries, flags);
    case MAP_TYPE_RINGBUF:
    case MAP_TYPE_USER_RINGBUF:
      return ringbufError(keySize, valueSize, maxEntries, flags);
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_DEVMAP_HASH:
    case MAP_TYPE_CPUMAP:
    case MAP_TYPE_XSKMAP:
      return portError(type, keySize, valueSize, maxEntries, flags);
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return storageError(keySize, valueSize, maxEntries, flags);
    default:
      return type > 0 && type <= <u32>MAP_TYPE_INSN_ARRAY ? -EOPNOTSUPP : -EINVAL;
  }
}

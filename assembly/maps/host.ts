import {
  MAP_FLAGS,
  MAP_FROZEN,
  MAP_SPIN_LOCK,
  MAP_TYPE,
} from '../../src/abi/layout';
import {
  BPF_F_LOCK,
  BPF_F_RDONLY,
  BPF_F_WRONLY,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EPERM,
  MAP_TYPE_BLOOM_FILTER,
  MAP_TYPE_CGROUP_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_QUEUE,
  MAP_TYPE_RINGBUF,
  MAP_TYPE_STACK,
  MAP_TYPE_STACK_TRACE,
  MAP_TYPE_USER_RINGBUF,
  MAP_TYPE_SK_STORAGE,
  MAP_TYPE_INODE_STORAGE,
  MAP_TYPE_TASK_STORAGE,
  MAP_TYPE_CGRP_STORAGE,
} from '../../src/abi/maps';
import { storageRead } from '../storage/host';
import { copyOut } from './copyOut';
import { hashTake } from './hash';
import { stackCopy } from './stacks';
import { nextKey, peek, push, remove, take, update } from './table';

// The host's operations, as the bpf(2) commands: creation flags decide what the host may do. See RuntimeExports.

export function mayRead(map: u32): bool {
  return (load<u32>(map, MAP_FLAGS) & BPF_F_WRONLY) == 0;
}

export function mayWrite(map: u32): bool {
  return (load<u32>(map, MAP_FLAGS) & BPF_F_RDONLY) == 0 && load<u32>(map, MAP_FROZEN) == 0;
}

/** BPF_F_LOCK is for values with a lock; no other flag is known where this is asked. */
export function lockFlagError(map: u32, flags: u32): i32 {
  if (flags & ~BPF_F_LOCK) return -EINVAL;
  return flags & BPF_F_LOCK && load<u32>(map, MAP_SPIN_LOCK) == 0 ? -EINVAL : 0;
}

/** What is at a key, copied to `out`; of bloom filters whether what is at `out` may be in it. */
export function readElement(map: u32, key: u32, out: u32, locked: bool): i32 {
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_QUEUE:
    case MAP_TYPE_STACK:
    case MAP_TYPE_BLOOM_FILTER:
      return take(map, out, false);
    case MAP_TYPE_STACK_TRACE:
      return stackCopy(map, key, out, false);
    case MAP_TYPE_SK_STORAGE:
    case MAP_TYPE_INODE_STORAGE:
    case MAP_TYPE_TASK_STORAGE:
    case MAP_TYPE_CGRP_STORAGE:
      return storageRead(map, key, out, locked);
    case MAP_TYPE_PERF_EVENT_ARRAY:
    case MAP_TYPE_CGROUP_ARRAY:
    case MAP_TYPE_RINGBUF:
    case MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP;
    default:
      const value = peek(map, key);
      if (value) copyOut(map, value, out, locked);
      return value ? 0 : -ENOENT;
  }
}

/** BPF_MAP_LOOKUP_ELEM. */
export function mapRead(map: u32, key: u32, out: u32, flags: u32): i32 {
  if (flags & ~BPF_F_LOCK) return -EINVAL;
  if (!mayRead(map)) return -EPERM;
  const error = lockFlagError(map, flags);
  return error ? error : readElement(map, key, out, (flags & BPF_F_LOCK) != 0);
}

/** BPF_MAP_LOOKUP_AND_DELETE_ELEM. */
export function mapTake(map: u32, key: u32, out: u32, flags: u32): i32 {
  const type = load<u32>(map, MAP_TYPE);
  if (flags & ~BPF_F_LOCK) return -EINVAL;
  if (!mayRead(map) || !mayWrite(map)) return -EPERM;
  const error = lockFlagError(map, flags);
  if (error) return error;
  switch (type) {
    case MAP_TYPE_QUEUE:
    case MAP_TYPE_STACK:
      return take(map, out, true);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
      return hashTake(map, key, out, (flags & BPF_F_LOCK) != 0);
    case MAP_TYPE_STACK_TRACE:
      return stackCopy(map, key, out, true);
    default:
      return -ENOTSUPP;
  }
}

/** BPF_MAP_FREEZE; values with locks, timers or pointers of the kernel's in them cannot be frozen. */
export function mapFreeze(map: u32): i32 {
  if (load<u32>(map, MAP_SPIN_LOCK)) return -ENOTSUPP;
  if (!mayWrite(map)) return -EPERM;
  store<u32>(map, 1, MAP_FROZEN);
  return 0;
}

export function mapLookup(map: u32, key: u32): u32 {
  return mayRead(map) ? peek(map, key) : 0;
}

/** As the syscall, which looks at BPF_F_LOCK before anything else. */
export function mapUpdate(map: u32, key: u32, value: u32, flags: u32): i32 {
  if (!mayWrite(map)) return -EPERM;
  if (flags & BPF_F_LOCK && load<u32>(map, MAP_SPIN_LOCK) == 0) return -EINVAL;
  return update(map, key, value, flags, true);
}

export function mapDelete(map: u32, key: u32): i32 {
  return mayWrite(map) ? remove(map, key, true) : -EPERM;
}

export function mapNextKey(map: u32, key: u32, out: u32): i32 {
  return mayRead(map) ? nextKey(map, key, out) : -EPERM;
}

export function mapPush(map: u32, value: u32, flags: u32): i32 {
  return mayWrite(map) ? push(map, value, flags) : -EPERM;
}

export function mapPop(map: u32, out: u32): i32 {
  return mayRead(map) && mayWrite(map) ? take(map, out, true) : -EPERM;
}

export function mapPeek(map: u32, out: u32): i32 {
  return mayRead(map) ? take(map, out, false) : -EPERM;
}

import { MAP_FLAGS, MAP_MAX_ENTRIES, MAP_VALUE_SIZE } from '../../src/abi/layout';
import {
  BPF_F_FAST_STACK_CMP,
  BPF_F_REUSE_STACKID,
  BPF_F_SKIP_FIELD_MASK,
  BPF_F_STACK_BUILD_ID,
  BPF_F_USER_STACK,
  BPF_STACK_BUILD_ID_IP,
  E2BIG,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOMEM,
} from '../../src/abi/maps';
import { reserve } from '../memory/allocator';
import { copy, equal, zero } from '../memory/bytes';
import { lock, unlock } from '../memory/lock';
import { addCount, M_LOCK, M_SLAB, M_TABLE, M_TYPE } from './descriptor';
import { jhash } from './jhash';

// Stack trace maps, the kernel's (kernel/bpf/stackmap.c): a stack's id is the hash of its frames, so that the same
// stack has the same id there and here. A bucket holds the number of its trace (+ 1) or 0; as many traces as
// max_entries, which the buckets are not fewer than. Of maps with build ids the frames are struct bpf_stack_build_id;
// there are no files here that have one, so they hold the address, as the kernel's do where it finds no build id.

const M_BUCKETS: i32 = M_TYPE; // a power of two
const M_FREE: i32 = M_TYPE + 4; // trace + 1, linked through T_HASH
const M_FRESH: i32 = M_TYPE + 8; // traces from here on were never used
const M_STRIDE: i32 = M_TYPE + 12; // of a trace

const T_HASH: i32 = 0; // u32
const T_FRAMES: i32 = 4; // u32
const T_DATA: i32 = 8;
const FRAME: u32 = 8;
const BUILD_ID_FRAME: u32 = 32;
const B_STATUS: i32 = 0;
const B_ADDRESS: i32 = 24;
const FLAGS: u64 = BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID;

export function stacksInit(map: u32): i32 {
  const entries = load<u32>(map, MAP_MAX_ENTRIES);
  const buckets: u64 = entries <= 1 ? 1 : (1 as u64) << (32 - clz(entries - 1));
  const stride = (T_DATA as u64) + load<u32>(map, MAP_VALUE_SIZE);
  store<u32>(map, buckets as u32, M_BUCKETS);
  store<u32>(map, stride as u32, M_STRIDE);
  store<u32>(map, reserve(buckets * 4), M_TABLE);
  store<u32>(map, reserve(stride * entries), M_SLAB);
  return load<u32>(map, M_TABLE) && load<u32>(map, M_SLAB) ? 0 : -ENOMEM;
}

function hasBuildIds(map: u32): bool {
  return (load<u32>(map, MAP_FLAGS) & BPF_F_STACK_BUILD_ID) != 0;
}

function bucketAt(map: u32, id: u32): u32 {
  return load<u32>(map, M_TABLE) + id * 4;
}

/** The trace numbered `number` (+ 1). */
function traceAt(map: u32, number: u32): u32 {
  return load<u32>(map, M_SLAB) + (number - 1) * load<u32>(map, M_STRIDE);
}

function takeTrace(map: u32): u32 {
  const free = load<u32>(map, M_FREE);
  if (free) {
    store<u32>(map, load<u32>(traceAt(map, free), T_HASH), M_FREE);
    return free;
  }
  const fresh = load<u32>(map, M_FRESH);
  if (fresh == load<u32>(map, MAP_MAX_ENTRIES)) return 0;
  store<u32>(map, fresh + 1, M_FRESH);
  return fresh + 1;
}

function giveTrace(map: u32, number: u32): void {
  store<u32>(traceAt(map, number), load<u32>(map, M_FREE), T_HASH);
  store<u32>(map, number, M_FREE);
}

/** Does the trace hold these frames? */
function holds(map: u32, trace: u32, frames: u32, count: u32): bool {
  if (load<u32>(trace, T_FRAMES) != count) return false;
  if (!hasBuildIds(map)) return equal(trace + T_DATA, frames, count * FRAME);
  for (let at: u32 = 0; at < count; ++at) {
    const address = load<u64>(trace + T_DATA + at * BUILD_ID_FRAME, B_ADDRESS);
    if (address != load<u64>(frames + at * FRAME)) return false;
  }
  return true;
}

function fillTrace(map: u32, trace: u32, frames: u32, count: u32): void {
  store<u32>(trace, count, T_FRAMES);
  if (!hasBuildIds(map)) {
    copy(trace + T_DATA, frames, count * FRAME);
    return;
  }
  zero(trace + T_DATA, count * BUILD_ID_FRAME);
  for (let at: u32 = 0; at < count; ++at) {
    const to = trace + T_DATA + at * BUILD_ID_FRAME;
    store<u32>(to, BPF_STACK_BUILD_ID_IP, B_STATUS);
    store<u64>(to, load<u64>(frames + at * FRAME), B_ADDRESS);
  }
}

function insertLocked(map: u32, frames: u32, count: u32, hash: u32, flags: u64): i32 {
  const id = hash & (load<u32>(map, M_BUCKETS) - 1);
  const bucket = bucketAt(map, id);
  const old = load<u32>(bucket);
  if (old && load<u32>(traceAt(map, old), T_HASH) == hash) {
    if (flags & BPF_F_FAST_STACK_CMP || holds(map, traceAt(map, old), frames, count)) return id;
  }
  if (old && !(flags & BPF_F_REUSE_STACKID)) return -EEXIST;
  const trace = takeTrace(map);
  if (trace == 0) return -ENOMEM;
  store<u32>(traceAt(map, trace), hash, T_HASH);
  fillTrace(map, traceAt(map, trace), frames, count);
  store<u32>(bucket, trace);
  if (old) giveTrace(map, old);
  else addCount(map, 1);
  return id;
}

/** Frames that a trace of the map has room for. */
export function stackDepth(map: u32): u32 {
  return load<u32>(map, MAP_VALUE_SIZE) / (hasBuildIds(map) ? BUILD_ID_FRAME : FRAME);
}

/**
 * What bpf_get_stackid does with the stack of `count` u64 addresses at `frames`, innermost first, of which the low byte
 * of the flags says how many to leave out: the id of the stack, or a negative error number.
 */
export function stackInsert(map: u32, frames: u32, count: u32, flags: u64): i32 {
  const skip = (flags & BPF_F_SKIP_FIELD_MASK) as u32;
  if (flags & ~FLAGS) return -EINVAL;
  if (count <= skip) return -EFAULT;
  const first = frames + skip * FRAME;
  const kept = min<u32>(count - skip, stackDepth(map));
  const hash = jhash(first, kept * FRAME, 0);
  lock(map + M_LOCK);
  const id = insertLocked(map, first, kept, hash, flags);
  unlock(map + M_LOCK);
  return id;
}

function copyOut(map: u32, number: u32, out: u32): void {
  const trace = traceAt(map, number);
  const frame = hasBuildIds(map) ? BUILD_ID_FRAME : FRAME;
  const size = load<u32>(trace, T_FRAMES) * frame;
  copy(out, trace + T_DATA, size);
  zero(out + size, load<u32>(map, MAP_VALUE_SIZE) - size);
}

/** Copies the frames of an id to `out`, zeros behind them; `remove` deletes it, too. */
export function stackCopy(map: u32, key: u32, out: u32, remove: bool): i32 {
  const id = load<u32>(key);
  if (id >= load<u32>(map, M_BUCKETS)) return -ENOENT;
  lock(map + M_LOCK);
  const number = load<u32>(bucketAt(map, id));
  if (number) copyOut(map, number, out);
  if (number && remove) dropLocked(map, id, number);
  unlock(map + M_LOCK);
  return number ? 0 : -ENOENT;
}

function dropLocked(map: u32, id: u32, number: u32): void {
  store<u32>(bucketAt(map, id), 0);
  giveTrace(map, number);
  addCount(map, -1);
}

export function stackDelete(map: u32, key: u32): i32 {
  const id = load<u32>(key);
  if (id >= load<u32>(map, M_BUCKETS)) return -E2BIG;
  lock(map + M_LOCK);
  const number = load<u32>(bucketAt(map, id));
  if (number) dropLocked(map, id, number);
  unlock(map + M_LOCK);
  return number ? 0 : -ENOENT;
}

/** From a key that is not there (any more) on, the first; `key` 0: the first, too. */
export function stackNextKey(map: u32, key: u32, out: u32): i32 {
  const buckets = load<u32>(map, M_BUCKETS);
  let id: u32 = key ? load<u32>(key) : buckets;
  id = id < buckets && load<u32>(bucketAt(map, id)) ? id + 1 : 0;
  while (id < buckets && load<u32>(bucketAt(map, id)) == 0) ++id;
  if (id >= buckets) return -ENOENT;
  store<u32>(out, id);
  return 0;
}

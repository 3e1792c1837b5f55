import {
  FRAME_SIZE,
  MAP_MAX_ENTRIES,
  MAP_TYPE,
  RUN_FRAME,
  RUN_STACK_TOP,
} from '../../src/abi/layout';
import {
  E2BIG,
  EINVAL,
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
} from '../../src/abi/maps';
import { keySize, keyWindowAt, ownValueAt } from '../maps/descriptor';
import { bucketFirst, bucketTotal, inChain, keyAt, nextOf } from '../maps/chain';
import { copyKey } from '../maps/key';
import { invoke } from '../run/callback';
import { functionArgument, mapArgument } from '../run/sandbox';
import { run } from '../run/state';
import { charge, errno, refuse } from './arguments';

const BUCKET_BYTES: u32 = 4;
/** BPF_MAX_LOOPS. */
const LOOPS_MAX: u32 = 1 << 23;

/** bpf_loop(nr_loops, callback, ctx, flags): returns the number of iterations done. */
export function bpf_loop(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const times = r1 as u32;
  const callback = functionArgument(r2);
  if (r4) return errno(-EINVAL);
  if (times > LOOPS_MAX) return errno(-E2BIG);
  for (let i: u32 = 0; i < times; ++i) {
    if (invoke(callback, i, r3, 0, 0, 0)) return i + 1;
  }
  return times;
}

/**
 * Where the callback finds its key: a window behind the map's values, which the program may read, while the keys
 * themselves are out of its reach. One for each CPU and depth of calls, since a callback may iterate again.
 */
function keyWindow(map: u32): u32 {
  const depth = (load<u32>(run, RUN_STACK_TOP) - load<u32>(run, RUN_FRAME)) / FRAME_SIZE;
  return keyWindowAt(map, depth);
}

function eachIndex(map: u32, callback: u32, context: u64): u32 {
  const entries = load<u32>(map, MAP_MAX_ENTRIES);
  const key = keyWindow(map);
  for (let index: u32 = 0; index < entries; ++index) {
    store<u32>(key, index);
    if (invoke(callback, map, key, ownValueAt(map, index), context, 0)) return index + 1;
  }
  return entries;
}

/**
 * The element to go on with after the callback was given `slot` (+ 1) and may have changed the chain: what now
 * follows it, or, when it is gone or replaced, what followed it before.
 */
function goOn(map: u32, bucket: u32, slot: u32, next: u32): u32 {
  const first = bucketFirst(map, bucket);
  if (inChain(map, first, slot)) return nextOf(map, slot);
  return inChain(map, first, next) ? next : 0;
}

function visit(map: u32, slot: u32, callback: u32, context: u64): bool {
  const key = keyWindow(map);
  charge(keySize(map));
  copyKey(map, key, keyAt(map, slot - 1));
  return invoke(callback, map, key, ownValueAt(map, slot - 1), context, 0) != 0;
}

function eachElement(map: u32, callback: u32, context: u64): u32 {
  const buckets = bucketTotal(map);
  charge(buckets * BUCKET_BYTES);
  let count: u32 = 0;
  for (let bucket: u32 = 0; bucket < buckets; ++bucket) {
    for (let slot = bucketFirst(map, bucket); slot; ) {
      const next = nextOf(map, slot);
      ++count;
      if (visit(map, slot, callback, context)) return count;
      slot = goOn(map, bucket, slot, next);
    }
  }
  return count;
}

/** bpf_for_each_map_elem(map, callback, ctx, flags): returns the number of elements visited. */
export function bpf_for_each_map_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  const callback = functionArgument(r2);
  if (r4) return errno(-EINVAL);
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_ARRAY:
    case MAP_TYPE_PERCPU_ARRAY:
      return eachIndex(map, callback, r3);
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
      return eachElement(map, callback, r3);
    default:
      refuse(r1);
      return 0;
  }
}

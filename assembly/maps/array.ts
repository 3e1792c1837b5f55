import {
  HDR_NCPU,
  HEADER,
  MAP_COUNT,
  MAP_CPU_STRIDE,
  MAP_MAX_ENTRIES,
  MAP_SPIN_LOCK,
  MAP_TYPE,
} from '../../src/abi/layout';
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOMEM,
  MAP_TYPE_PERCPU_ARRAY,
} from '../../src/abi/maps';
import {
  copyAllCpus,
  copyOwnCpu,
  copyValue,
  M_CPUS,
  ownValueAt,
  reserveValues,
  setCpuStride,
  valueAt,
} from './descriptor';
import { dropFields } from '../timers/fields';
import { closeValue, openValue } from './guard';

/** Arrays and per-CPU arrays: every element exists from the start, as zeros. */
export function arrayInit(map: u32): i32 {
  const perCpu = load<u32>(map, MAP_TYPE) == MAP_TYPE_PERCPU_ARRAY;
  const entries = load<u32>(map, MAP_MAX_ENTRIES);
  if (!reserveValues(map, entries, perCpu ? load<u32>(HEADER, HDR_NCPU) : 1)) return -ENOMEM;
  if (perCpu) setCpuStride(map, entries);
  store<u32>(map, entries, MAP_COUNT);
  return 0;
}

export function arrayLookup(map: u32, key: u32): u32 {
  const index = load<u32>(key);
  return index < load<u32>(map, MAP_MAX_ENTRIES) ? ownValueAt(map, index) : 0;
}

export function arrayPeek(map: u32, key: u32): u32 {
  const index = load<u32>(key);
  return index < load<u32>(map, MAP_MAX_ENTRIES) ? valueAt(map, index) : 0;
}

function flagError(map: u32, index: u32, flags: u64): i32 {
  const locked = (flags & BPF_F_LOCK) != 0;
  if ((flags & ~BPF_F_LOCK) > <u64>BPF_EXIST || (locked && load<u32>(map, MAP_CPU_STRIDE) != 0))
    return -EINVAL;
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return -E2BIG;
  if (flags & BPF_NOEXIST) return -EEXIST;
  return locked && load<u32>(map, MAP_SPIN_LOCK) == 0 ? -EINVAL : 0;
}

export function arrayUpdate(map: u32, key: u32, value: u32, flags: u64, host: bool): i32 {
  const index = load<u32>(key);
  const error = flagError(map, index, flags);
  if (error) return error;
  const to = valueAt(map, index);
  const word = flags & BPF_F_LOCK ? closeValue(map, to) : 0;
  if (load<u32>(map, M_CPUS) == 1) copyValue(map, to, value);
  else if (host) copyAllCpus(map, to, value);
  else copyOwnCpu(map, to, value, false);
  openValue(word);
  dropFields(map, to);
  return 0;
}

/** For everything with u32 indices as keys: from a missing or out-of-range key on, the first. */
export function indexNextKey(map: u32, key: u32, out: u32): i32 {
  const entries = load<u32>(map, MAP_MAX_ENTRIES);
  const index = key ? load<u32>(key) : u32.MAX_VALUE;
  if (index == entries - 1) return -ENOENT;
  store<u32>(out, index >= entries ? 0 : index + 1);
  return 0;
}

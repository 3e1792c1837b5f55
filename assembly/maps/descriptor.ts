import {
  HDR_NCPU,
  HEADER,
  MAP_CPU_STRIDE,
  MAP_KEY_SIZE,
  MAP_LATER,
  MAP_SPIN_LOCK,
  MAP_VALUE_SIZE,
  MAP_VALUE_STRIDE,
  MAP_VALUES,
  MAP_VALUES_END,
  MAX_FRAMES,
  RUN_CPU,
} from '../../src/abi/layout';
import { free, reserve } from '../memory/allocator';
import { copyAround } from '../timers/fields';
import { copy, zero } from '../memory/bytes';
import { run } from '../run/state';
import { M_CPUS, M_KEYS, M_SLAB, M_TABLE, M_THIRD } from './fields';

export * from './fields';

/** Values of one CPU; whole cache lines keep one CPU's counters out of another's. */
function cpuArea(slots: u64, stride: u64): u64 {
  return (slots * stride + 63) & ~63;
}

/** A key window for each CPU and depth of calls. */
function windowBytes(map: u32): u64 {
  const stride = ((load<u32>(map, MAP_KEY_SIZE) as u64) + 7) & ~7;
  return stride * MAX_FRAMES * load<u32>(HEADER, HDR_NCPU);
}

/** Reserves the value slab: `slots` values for each CPU, and the key windows. */
export function reserveValues(map: u32, slots: u64, cpus: u32): bool {
  const stride = ((load<u32>(map, MAP_VALUE_SIZE) as u64) + 7) & ~7;
  if (slots > 0xffff_ffff || slots * stride > 0xffff_ffff) return false;
  const values = cpus > 1 ? cpuArea(slots, stride) * cpus : slots * stride;
  const bytes = values + windowBytes(map);
  const slab = reserve(bytes);
  store<u32>(map, slab, M_SLAB);
  store<u32>(map, slab, MAP_VALUES);
  store<u32>(map, slab + (values as u32), M_KEYS);
  store<u32>(map, slab + (bytes as u32), MAP_VALUES_END);
  store<u32>(map, stride as u32, MAP_VALUE_STRIDE);
  store<u32>(map, cpus, M_CPUS);
  return slab != 0;
}

/** Per-CPU values are CPU-major, also when there is but one CPU. */
export function setCpuStride(map: u32, slots: u64): void {
  store<u32>(map, cpuArea(slots, load<u32>(map, MAP_VALUE_STRIDE)) as u32, MAP_CPU_STRIDE);
}

/** Keeps the values out of what programs may touch: they are addresses of the runtime, or lie in no pointer's reach. */
export function hideValues(map: u32): void {
  store<u32>(map, 0, MAP_VALUES);
  store<u32>(map, 0, MAP_VALUES_END);
}

export function freeSlabs(map: u32): void {
  free(load<u32>(map, M_SLAB));
  free(load<u32>(map, M_TABLE));
  free(load<u32>(map, M_THIRD));
}

/** CPU 0's value in `slot`. */
@inline
export function valueAt(map: u32, slot: u32): u32 {
  return load<u32>(map, M_SLAB) + slot * load<u32>(map, MAP_VALUE_STRIDE);
}

/** The running CPU's value in `slot` (the only one, unless the map is per-CPU). */
@inline
export function ownValueAt(map: u32, slot: u32): u32 {
  return valueAt(map, slot) + load<u32>(run, RUN_CPU) * load<u32>(map, MAP_CPU_STRIDE);
}

/** Slot of the element whose value (of CPU 0) is at that address. */
export function slotOf(map: u32, value: u32): u32 {
  return (value - load<u32>(map, M_SLAB)) / load<u32>(map, MAP_VALUE_STRIDE);
}

/** Copies a value over another, except for its struct bpf_spin_lock, and for timers and work. */
@inline
export function copyValue(map: u32, to: u32, from: u32): void {
  const size = load<u32>(map, MAP_VALUE_SIZE);
  const lock = load<u32>(map, MAP_SPIN_LOCK);
  if (load<u32>(map, MAP_LATER)) {
    const word = lock ? load<u32>(to + lock - 1) : 0;
    copyAround(map, to, from, size);
    if (lock) store<u32>(to + lock - 1, word);
    return;
  }
  if (lock == 0) {
    if (size == 8) store<u64>(to, load<u64>(from));
    else copy(to, from, size);
    return;
  }
  copy(to, from, lock - 1);
  copy(to + lock + 3, from + lock + 3, size - lock - 3);
}

/** The host writes the values of every CPU; they lie one value stride apart at `from`. */
export function copyAllCpus(map: u32, to: u32, from: u32): void {
  const apart = load<u32>(map, MAP_CPU_STRIDE);
  const stride = load<u32>(map, MAP_VALUE_STRIDE);
  for (let left = load<u32>(map, M_CPUS); left; --left, to += apart, from += stride) {
    copyValue(map, to, from);
  }
}

/** A program writes its own CPU's value; in a new element the others start at zero. `to` is CPU 0's. */
export function copyOwnCpu(map: u32, to: u32, from: u32, fresh: bool): void {
  const apart = load<u32>(map, MAP_CPU_STRIDE);
  const own = load<u32>(run, RUN_CPU);
  if (fresh) {
    const stride = load<u32>(map, MAP_VALUE_STRIDE);
    for (let cpu: u32 = 0; cpu < load<u32>(map, M_CPUS); ++cpu) zero(to + cpu * apart, stride);
  }
  copyValue(map, to + own * apart, from);
}

/** A place for a key that programs may read: one for each CPU and depth of calls. */
export function keyWindowAt(map: u32, depth: u32): u32 {
  const index = load<u32>(run, RUN_CPU) * MAX_FRAMES + min<u32>(depth, MAX_FRAMES - 1);
  return load<u32>(map, M_KEYS) + index * ((keySize(map) + 7) & ~7);
}

export function keySize(map: u32): u32 {
  return load<u32>(map, MAP_KEY_SIZE);
}

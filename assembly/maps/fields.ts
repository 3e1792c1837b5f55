import { HASH_TABLE } from '../../src/abi/hash';
import { MAP_COUNT, MAP_LOCK, MAP_PRIVATE } from '../../src/abi/layout';

// The part of a map descriptor that only assembly/maps knows. All u32 unless it says otherwise.

/** Sequence lock of the map's structure (values are the program's own to guard). */
export const M_LOCK: i32 = MAP_LOCK;
/** Maps-in-map that hold this map, plus one for the host. */
export const M_REFS: i32 = MAP_PRIVATE + 4;
/** The value slab, also where programs must not see it (MAP_VALUES is 0 then). */
export const M_SLAB: i32 = MAP_PRIVATE + 8;
/** Inner-map template, or bytes of a perf ring. */
export const M_EXTRA: i32 = MAP_PRIVATE + 12;
/** CPUs that have values of their own: 1, or NCPU for per-CPU maps. */
export const M_CPUS: i32 = MAP_PRIVATE + 16;
/** Second and third slab: the table of a hash, trie nodes, ring headers. */
export const M_TABLE: i32 = HASH_TABLE;
export const M_THIRD: i32 = MAP_PRIVATE + 24;
/** Key windows of bpf_for_each_map_elem, behind the values. */
export const M_KEYS: i32 = MAP_PRIVATE + 28;
/** From here on each type has fields of its own. */
export const M_TYPE: i32 = MAP_PRIVATE + 32;

@inline
export function addCount(map: u32, change: u32): void {
  store<u32>(map, load<u32>(map, MAP_COUNT) + change, MAP_COUNT);
}

import { MAP_COUNT, MAP_TYPE } from '../../src/abi/layout';
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_LRU_PERCPU_HASH, MAP_TYPE_PERCPU_HASH } from '../../src/abi/maps';
import { mapArgument } from '../run/sandbox';

/** bpf_map_sum_elem_count(map): elements of a hash map; 0 of others, which do not count (kernel/bpf/map_iter.c). */
export function bpf_map_sum_elem_count(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  switch (load<u32>(map, MAP_TYPE)) {
    case MAP_TYPE_HASH:
    case MAP_TYPE_PERCPU_HASH:
    case MAP_TYPE_LRU_HASH:
    case MAP_TYPE_LRU_PERCPU_HASH:
      return load<u32>(map, MAP_COUNT);
    default:
      return 0;
  }
}

import {
  HDR_NCPU,
  HEADER,
  MAP_MAX_ENTRIES,
  MAP_TYPE,
  MAP_VALUES,
  MAP_VALUES_END,
} from '../../src/abi/layout';
import { ENOMEM, MAP_TYPE_PERF_EVENT_ARRAY, MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF } from '../../src/abi/maps';
import { reserve } from '../memory/allocator';
import { M_EXTRA, M_SLAB, M_TABLE, M_THIRD, M_TYPE } from '../maps/descriptor';
import { R_LOST, RING_BYTES, ringDrop, ringFirst, ringInit } from './ring';

// The map types made of rings. A ring buffer, the programs' or the user's, has its one ring in the descriptor; a perf event array has one
// for each CPU, of M_EXTRA bytes. Perf records hold what the program gave, without the kernel's padding.

const PERF_BYTES: u32 = 1 << 18;
const PERF_BYTES_MIN: u32 = 4096;

/** max_entries, checked already, is the size in bytes. */
export function ringbufInit(map: u32): i32 {
  const size = load<u32>(map, MAP_MAX_ENTRIES);
  const data = reserve((size as u64) * 2);
  store<u32>(map, data, M_SLAB);
  if (data == 0) return -ENOMEM;
  const headers = reserve(size >> 1);
  store<u32>(map, headers, M_TABLE);
  store<u32>(map, data, MAP_VALUES);
  store<u32>(map, data + size * 2, MAP_VALUES_END);
  ringInit(map + M_TYPE, map, data, headers, size);
  return headers ? 0 : -ENOMEM;
}

/** Bytes of each ring: `wanted` rounded up to a power of two; 256 KiB (libbpf's usual 64 pages) for 0. */
function perfBytes(wanted: u32): u32 {
  if (wanted == 0) return PERF_BYTES;
  if (wanted > 0x2000_0000) return 0x2000_0000;
  return max<u32>(PERF_BYTES_MIN, (1 as u32) << (32 - clz(wanted - 1)));
}

export function perfInit(map: u32): i32 {
  const cpus = load<u32>(HEADER, HDR_NCPU);
  const size = perfBytes(load<u32>(map, M_EXTRA));
  store<u32>(map, reserve((size as u64) * 2 * cpus), M_SLAB);
  store<u32>(map, reserve(((size >> 1) as u64) * cpus), M_THIRD);
  store<u32>(map, reserve(RING_BYTES * cpus), M_TABLE);
  const data = load<u32>(map, M_SLAB);
  const headers = load<u32>(map, M_THIRD);
  const rings = load<u32>(map, M_TABLE);
  if (data == 0 || headers == 0 || rings == 0) return -ENOMEM;
  for (let cpu: u32 = 0; cpu < cpus; ++cpu) {
    ringInit(rings + cpu * RING_BYTES, map, data + cpu * size * 2, headers + cpu * (size >> 1), size);
  }
  return 0;
}

/** The ring of a CPU (ring buffers have one for all CPUs); 0 when the map has none. */
export function ringOf(map: u32, cpu: u32): u32 {
  const type = load<u32>(map, MAP_TYPE);
  if (type == MAP_TYPE_RINGBUF || type == MAP_TYPE_USER_RINGBUF) return map + M_TYPE;
  if (type != MAP_TYPE_PERF_EVENT_ARRAY || cpu >= load<u32>(HEADER, HDR_NCPU)) return 0;
  return load<u32>(map, M_TABLE) + cpu * RING_BYTES;
}

export function ringPeek(map: u32, cpu: u32, lengthOut: u32): u32 {
  const ring = ringOf(map, cpu);
  return ring ? ringFirst(ring, lengthOut) : 0;
}

export function ringConsume(map: u32, cpu: u32): void {
  const ring = ringOf(map, cpu);
  if (ring) ringDrop(ring);
}

export function ringLost(map: u32, cpu: u32): u32 {
  const ring = ringOf(map, cpu);
  return ring ? load<u32>(ring, R_LOST) : 0;
}

import { ARENA_PAGE, MAP_TYPE_ARENA } from '../../src/abi/maps';
import { charge, errno, typedMap } from '../helpers/arguments';
import { arenaAlloc, arenaFree, arenaReserve } from '../maps/arena';

// Pages of arenas: kernel/bpf/arena.c. Pages are counted by 32 bits.

/** bpf_arena_alloc_pages(map, addr, page_cnt, node_id, flags): anywhere where addr is NULL; NULL without room. */
export function bpf_arena_alloc_pages(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r1, MAP_TYPE_ARENA);
  if (r5) return 0;
  const address = arenaAlloc(map, r2 as u32, r3 as u32);
  if (address) charge((r3 as u32) * ARENA_PAGE);
  return address;
}

/** bpf_arena_free_pages(map, ptr, page_cnt): those of the pages that are allocated. */
export function bpf_arena_free_pages(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  arenaFree(typedMap(r1, MAP_TYPE_ARENA), r2 as u32, r3 as u32);
  return 0;
}

/** bpf_arena_reserve_pages(map, ptr, page_cnt): they are not allocated any more; -EBUSY where some are. */
export function bpf_arena_reserve_pages(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(arenaReserve(typedMap(r1, MAP_TYPE_ARENA), r2 as u32, r3 as u32));
}

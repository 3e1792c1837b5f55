import { ARENA_ALIGNED, MAP_MAX_ENTRIES, MAP_VALUES, MAP_VALUES_END, RUN_ARENA_CELL } from '../../src/abi/layout';
import { ARENA_PAGE, EBUSY, EINVAL, ENOMEM } from '../../src/abi/maps';
import { reserve } from '../memory/allocator';
import { lock, unlock } from '../memory/lock';
import { run } from '../run/state';
import { addCount, M_LOCK, M_SLAB, M_TABLE } from './fields';

// Arenas: pages that programs allocate, and that the host may see (kernel/bpf/arena.c). The lower half of a pointer into
// one is its address in linear memory, the upper half is 0. A byte a page says what it is.

const PAGE: u32 = ARENA_PAGE;
const FREE: u8 = 0;
const ALLOCATED: u8 = 1;
/** Nobody's, and not to be allocated. */
const RESERVED: u8 = 2;
const NONE: u32 = u32.MAX_VALUE;

export function arenaInit(map: u32): i32 {
  const pages = load<u32>(map, MAP_MAX_ENTRIES);
  const slab = reserve(((pages as u64) + 1) * PAGE);
  const table = slab ? reserve(pages) : 0;
  store<u32>(map, slab, M_SLAB);
  if (table == 0) return -ENOMEM;
  const base = (slab + PAGE - 1) & ~(PAGE - 1);
  store<u32>(map, table, M_TABLE);
  store<u32>(map, base, MAP_VALUES);
  store<u32>(map, base + pages * PAGE, MAP_VALUES_END);
  return 0;
}

@inline
function stateAt(map: u32, page: u32): u32 {
  return load<u32>(map, M_TABLE) + page;
}

@inline
function isAllocated(map: u32, page: u32): bool {
  return load<u8>(stateAt(map, page)) == ALLOCATED;
}

/**
 * Where a proved program's access at `address` goes: there, or where no page is, to a cell of zeros of the run's own, for
 * what is loaded there is 0 and what is stored is lost. Atomic accesses (ARENA_ALIGNED) that are not aligned go there, too.
 */
export function arenaAddress(map: u32, address: u32, access: u32): u32 {
  const size = access & ~ARENA_ALIGNED;
  const isPlaced = access == size || (address & (size - 1)) == 0;
  const offset = address - load<u32>(map, MAP_VALUES);
  const last = offset + size - 1;
  const end = load<u32>(map, MAP_VALUES_END) - load<u32>(map, MAP_VALUES);
  if (isPlaced && last < end && offset <= last && isAllocated(map, offset / PAGE) && isAllocated(map, last / PAGE)) return address;
  store<u64>(run, 0, RUN_ARENA_CELL);
  return run + RUN_ARENA_CELL;
}

/** Number of the page at `address`; NONE unless it and those behind it, `count` in all, are the map's. */
function pageOf(map: u32, address: u32, count: u32): u32 {
  const page = (address - load<u32>(map, MAP_VALUES)) / PAGE;
  const pages = load<u32>(map, MAP_MAX_ENTRIES);
  return count <= pages && page <= pages - count ? page : NONE;
}

function isFree(map: u32, first: u32, count: u32): bool {
  for (let page = first; page < first + count; ++page) {
    if (load<u8>(stateAt(map, page)) != FREE) return false;
  }
  return true;
}

/** The first place where so many pages are free. */
function findFree(map: u32, count: u32): u32 {
  const pages = load<u32>(map, MAP_MAX_ENTRIES);
  let found: u32 = 0;
  for (let page: u32 = 0; page < pages; ++page) {
    found = load<u8>(stateAt(map, page)) == FREE ? found + 1 : 0;
    if (found == count) return page + 1 - count;
  }
  return NONE;
}

function take(map: u32, first: u32, count: u32): u32 {
  const address = load<u32>(map, MAP_VALUES) + first * PAGE;
  memory.fill(address, 0, count * PAGE);
  memory.fill(stateAt(map, first), ALLOCATED, count);
  addCount(map, count);
  return address;
}

/** `count` pages in a row, at `at` unless it is 0. Address of the first, or 0. */
export function arenaAlloc(map: u32, at: u32, count: u32): u32 {
  if (count == 0 || at % PAGE != 0) return 0;
  lock(map + M_LOCK);
  let page = at ? pageOf(map, at, count) : count <= load<u32>(map, MAP_MAX_ENTRIES) ? findFree(map, count) : NONE;
  if (at && page != NONE && !isFree(map, page, count)) page = NONE;
  const address = page == NONE ? 0 : take(map, page, count);
  unlock(map + M_LOCK);
  return address;
}

/** Frees what is allocated of `count` pages from `at` on. */
export function arenaFree(map: u32, at: u32, count: u32): void {
  const first = pageOf(map, at, 1);
  if (at == 0 || first == NONE) return;
  const end = first + min<u32>(count, load<u32>(map, MAP_MAX_ENTRIES) - first);
  lock(map + M_LOCK);
  for (let page = first; page < end; ++page) {
    if (!isAllocated(map, page)) continue;
    store<u8>(stateAt(map, page), FREE);
    // For sandboxed programs, which may go on to read there.
    memory.fill(load<u32>(map, MAP_VALUES) + page * PAGE, 0, PAGE);
    addCount(map, -1);
  }
  unlock(map + M_LOCK);
}

/** Keeps `count` pages from `at` on out of what is allocated. 0 or a negative error number. */
export function arenaReserve(map: u32, at: u32, count: u32): i32 {
  if (count == 0) return 0;
  const first = pageOf(map, at, count);
  if (at % PAGE != 0 || first == NONE) return -EINVAL;
  lock(map + M_LOCK);
  const free = isFree(map, first, count);
  if (free) memory.fill(stateAt(map, first), RESERVED, count);
  unlock(map + M_LOCK);
  return free ? 0 : -EBUSY;
}

/** The host touches `size` bytes: pages that are free are allocated, as page faults of a user do. False outside. */
export function arenaTouch(map: u32, address: u32, size: u32): bool {
  const offset = (address - load<u32>(map, MAP_VALUES)) as u64;
  const end = offset + size;
  if (end > (load<u32>(map, MAP_MAX_ENTRIES) as u64) * PAGE) return false;
  lock(map + M_LOCK);
  for (let page = (offset / PAGE) as u32; (page as u64) * PAGE < end; ++page) {
    if (!isAllocated(map, page)) take(map, page, 1);
  }
  unlock(map + M_LOCK);
  return true;
}

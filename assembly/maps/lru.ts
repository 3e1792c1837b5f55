import { ENTRY_LRU_NEWER, ENTRY_LRU_OLDER, HASH_LRU_FIRST, HASH_LRU_LAST } from '../../src/abi/hash';
import { M_CHAIN_TYPE } from './chain';
import { entryAt } from './slots';

// The recency list of an LRU map: doubly linked through the entries, as slot + 1, most recent first.

/** 1 for LRU maps. */
export const M_LRU: i32 = M_CHAIN_TYPE;
const M_FIRST: i32 = HASH_LRU_FIRST;
const M_LAST: i32 = HASH_LRU_LAST;
const E_NEWER: i32 = ENTRY_LRU_NEWER;
const E_OLDER: i32 = ENTRY_LRU_OLDER;

export function lruInsert(map: u32, slot: u32): void {
  const first = load<u32>(map, M_FIRST);
  const entry = entryAt(map, slot);
  store<u32>(entry, 0, E_NEWER);
  store<u32>(entry, first, E_OLDER);
  if (first) store<u32>(entryAt(map, first - 1), slot + 1, E_NEWER);
  else store<u32>(map, slot + 1, M_LAST);
  store<u32>(map, slot + 1, M_FIRST);
}

export function lruRemove(map: u32, slot: u32): void {
  const entry = entryAt(map, slot);
  const newer = load<u32>(entry, E_NEWER);
  const older = load<u32>(entry, E_OLDER);
  if (newer) store<u32>(entryAt(map, newer - 1), older, E_OLDER);
  else store<u32>(map, older, M_FIRST);
  if (older) store<u32>(entryAt(map, older - 1), newer, E_NEWER);
  else store<u32>(map, newer, M_LAST);
}

export function lruIsFirst(map: u32, slot: u32): bool {
  return load<u32>(map, M_FIRST) == slot + 1;
}

export function lruTouch(map: u32, slot: u32): void {
  if (lruIsFirst(map, slot)) return;
  lruRemove(map, slot);
  lruInsert(map, slot);
}

/** The least recently used slot of a map that is not empty. */
export function lruLast(map: u32): u32 {
  return load<u32>(map, M_LAST) - 1;
}

import { owe } from '../run/budget';
import { M_TABLE } from './descriptor';
import { bit, childLink, covers, isBranch, M_ROOT, N_HEAD, N_PREFIX } from './node';
import { entryAt } from './slots';

// Where a lookup in a trie begins, by the first byte of the key: what the nodes of fewer than 8 bits come to, so that
// the upper half of the usual trie is one step. In front of the nodes: for each byte {slot + 1 of the longest prefix
// of fewer than 8 bits that covers it, or 0; slot + 1 of the topmost node of 8 bits or more below it, or 0}.

export const ROOT_BITS: u32 = 8;
const ROOT_SIZE: u32 = 8;
export const ROOT_BEST: i32 = 0;
export const ROOT_NODE: i32 = 4;
export const ROOTS_BYTES: u32 = ROOT_SIZE << ROOT_BITS;

export function rootOf(map: u32, head: u64): u32 {
  return load<u32>(map, M_TABLE) + ((head >> (64 - ROOT_BITS)) as u32) * ROOT_SIZE;
}

function refresh(map: u32, head: u64): void {
  const root = rootOf(map, head);
  let best: u32 = 0;
  let slot = load<u32>(map, M_ROOT);
  while (slot) {
    const node = entryAt(map, slot - 1);
    const length = load<u32>(node, N_PREFIX);
    if (length >= ROOT_BITS) {
      if ((head ^ load<u64>(node, N_HEAD)) >> (64 - ROOT_BITS)) slot = 0;
      break;
    }
    if (!covers(node, length, head)) slot = 0;
    else if (!isBranch(node)) best = slot;
    if (slot) slot = load<u32>(childLink(node, bit(head, 0, length)));
  }
  store<u32>(root, best, ROOT_BEST);
  store<u32>(root, slot, ROOT_NODE);
}

/** After a change at the key of that head and prefix: the bytes that it covers, or is below. */
export function refreshRoots(map: u32, head: u64, prefix: u32): void {
  const count: u32 = prefix < ROOT_BITS ? (1 as u32) << (ROOT_BITS - prefix) : 1;
  const first = ((head >> (64 - ROOT_BITS)) as u32) & ~(count - 1);
  owe(count);
  for (let byte = first; byte < first + count; ++byte) refresh(map, (byte as u64) << (64 - ROOT_BITS));
}

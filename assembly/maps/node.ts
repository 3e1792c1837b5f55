import { MAP_KEY_SIZE } from '../../src/abi/layout';
import { copy } from '../memory/bytes';
import { owe } from '../run/budget';
import { entryAt, M_SLOT_TYPE } from './slots';

// Nodes of tries: {child 0, child 1: slot + 1, prefix length, 1 if branch, head, rest}. The first 8 bytes of a key are
// its head, a number (the first bit is the highest; zeros behind a shorter key), so that a step compares and branches
// without a look at bytes; only keys of IPv6 and longer have a rest.

export const M_ROOT: i32 = M_SLOT_TYPE; // slot + 1
/** Bytes of the key after the prefix length. */
export const M_BYTES: i32 = M_SLOT_TYPE + 4;

export const N_CHILD: i32 = 0; // u32[2]
export const N_PREFIX: i32 = 8;
export const N_BRANCH: i32 = 12;
export const N_HEAD: i32 = 16; // u64
export const N_REST: i32 = 24;
/** Offset of the bytes in struct bpf_lpm_trie_key. */
const K_BYTES: i32 = 4;
const HEAD_BYTES: u32 = 8;
export const HEAD_BITS: u32 = 64;
/** Bits compared for the price of an instruction: a path has up to a node for each bit of the key. */
const BITS_PER_INSN: u32 = 64;

/** Bytes of a node. */
export function nodeSize(bytes: u32): u32 {
  return bytes > HEAD_BYTES ? (N_REST + bytes - HEAD_BYTES + 7) & ~7 : N_REST;
}

export function prefixOf(key: u32): u32 {
  return load<u32>(key);
}

export function maxPrefix(map: u32): u32 {
  return (load<u32>(map, MAP_KEY_SIZE) - K_BYTES) * 8;
}

/** Of a key as programs write it. */
export function headOf(map: u32, key: u32): u64 {
  const bytes = load<u32>(map, M_BYTES);
  if (bytes == 4) return (bswap<u32>(load<u32>(key, K_BYTES)) as u64) << 32;
  if (bytes >= HEAD_BYTES) return bswap<u64>(load<u64>(key, K_BYTES));
  let head: u64 = 0;
  for (let at: u32 = 0; at < bytes; ++at) head |= (load<u8>(key + at, K_BYTES) as u64) << (56 - at * 8);
  return head;
}

/** Address of what follows the head in a key as programs write it. */
export function restOf(key: u32): u32 {
  return key + K_BYTES + HEAD_BYTES;
}

/** Bit `index` of a key. */
export function bit(head: u64, rest: u32, index: u32): u32 {
  if (index < HEAD_BITS) return ((head >> (63 - index)) as u32) & 1;
  const at = index - HEAD_BITS;
  return (load<u8>(rest + (at >> 3)) >> (7 - (at & 7))) & 1;
}

export function nodeBit(node: u32, index: u32): u32 {
  return bit(load<u64>(node, N_HEAD), node + N_REST, index);
}

/** Number of equal leading bits of a node and a key of `prefix` bits, at most the shorter prefix. */
export function commonPrefix(node: u32, head: u64, rest: u32, prefix: u32): u32 {
  const limit = min<u32>(load<u32>(node, N_PREFIX), prefix);
  const difference = load<u64>(node, N_HEAD) ^ head;
  if (difference) return min<u32>(limit, clz<u64>(difference) as u32);
  return limit <= HEAD_BITS ? limit : HEAD_BITS + commonRest(node + N_REST, rest, limit - HEAD_BITS);
}

function commonRest(a: u32, b: u32, limit: u32): u32 {
  owe(limit / BITS_PER_INSN);
  for (let at: u32 = 0; at < limit; at += 8) {
    const difference = load<u8>(a + (at >> 3)) ^ load<u8>(b + (at >> 3));
    if (difference) return min<u32>(limit, at + clz<u32>(difference) - 24);
  }
  return limit;
}

export function isBranch(node: u32): bool {
  return load<u32>(node, N_BRANCH) != 0;
}

/** Address of the link to the child on the side of a bit. */
export function childLink(node: u32, side: u32): u32 {
  return node + N_CHILD + side * 4;
}

/** Does a node of fewer than HEAD_BITS bits cover the key of that head? */
export function covers(node: u32, length: u32, head: u64): bool {
  return ((head ^ load<u64>(node, N_HEAD)) >> 1) >> (63 - length) == 0;
}

export function fillNode(map: u32, node: u32, head: u64, rest: u32, prefix: u32, branch: u32): void {
  const bytes = load<u32>(map, M_BYTES);
  store<u64>(node, 0, N_CHILD);
  store<u32>(node, prefix, N_PREFIX);
  store<u32>(node, branch, N_BRANCH);
  store<u64>(node, head, N_HEAD);
  if (bytes > HEAD_BYTES) copy(node + N_REST, rest, bytes - HEAD_BYTES);
}

/** Writes the key of `slot` (+ 1). */
export function trieKey(map: u32, slot: u32, out: u32): void {
  const node = entryAt(map, slot - 1);
  const bytes = load<u32>(map, M_BYTES);
  const head = load<u64>(node, N_HEAD);
  store<u32>(out, load<u32>(node, N_PREFIX));
  for (let at: u32 = 0; at < min<u32>(bytes, HEAD_BYTES); ++at) store<u8>(out + at, head >> (56 - at * 8), K_BYTES);
  if (bytes > HEAD_BYTES) copy(restOf(out), node + N_REST, bytes - HEAD_BYTES);
}

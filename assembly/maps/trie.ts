import { MAP_COUNT, MAP_KEY_SIZE, MAP_MAX_ENTRIES, MAP_VALUE_SIZE } from '../../src/abi/layout';
import { BPF_EXIST, BPF_NOEXIST, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC } from '../../src/abi/maps';
import { reserve } from '../memory/allocator';
import { lock, readBegin, unchanged, unlock } from '../memory/lock';
import { addCount, copyValue, M_LOCK, M_TABLE, reserveValues, valueAt } from './descriptor';
import {
  bit,
  childLink,
  commonPrefix,
  covers,
  fillNode,
  HEAD_BITS,
  headOf,
  isBranch,
  M_BYTES,
  M_ROOT,
  maxPrefix,
  N_BRANCH,
  N_CHILD,
  N_HEAD,
  N_PREFIX,
  N_REST,
  nodeBit,
  nodeSize,
  prefixOf,
  restOf,
  trieKey,
} from './node';
import { refreshRoots, ROOT_BEST, ROOT_BITS, ROOT_NODE, rootOf, ROOTS_BYTES } from './roots';
import { entryAt, giveSlot, lockForUpdate, M_ENTRIES, M_ENTRY_STRIDE, M_SLOTS, slotsInit, spareSlots, takeSlot } from './slots';

// Longest-prefix-match tries, the kernel's algorithm (kernel/bpf/lpm_trie.c describes it with drawings): a binary
// trie whose nodes hold whole prefixes; a node without a value of its own ("branch") is made where two prefixes
// part. A node's value lies in the slot of the same number, so a trie has up to two slots for each element.

const PREFIX_BITS_MAX: u32 = 2048;
const K_PREFIX_BYTES: u32 = 4;

export function trieInit(map: u32): i32 {
  const bytes = load<u32>(map, MAP_KEY_SIZE) - K_PREFIX_BYTES;
  const spare = spareSlots((load<u32>(map, MAP_KEY_SIZE) as u64) + load<u32>(map, MAP_VALUE_SIZE));
  const slots = (load<u32>(map, MAP_MAX_ENTRIES) as u64) * 2 + spare;
  if (slots > 0x7fff_ffff || !reserveValues(map, slots, 1) || !slotsInit(map)) return -ENOMEM;
  const stride = nodeSize(bytes);
  const table = reserve(ROOTS_BYTES + slots * stride);
  store<u32>(map, slots as u32, M_SLOTS);
  store<u32>(map, bytes, M_BYTES);
  store<u32>(map, stride, M_ENTRY_STRIDE);
  store<u32>(map, table, M_TABLE);
  store<u32>(map, table + ROOTS_BYTES, M_ENTRIES);
  return table ? 0 : -ENOMEM;
}

/** slot + 1 of the longest prefix that matches, or 0. */
function match(map: u32, head: u64, rest: u32, wanted: u32): u32 {
  let best: u32 = 0;
  let slot = load<u32>(map, M_ROOT);
  if (wanted >= ROOT_BITS) {
    const root = rootOf(map, head);
    best = load<u32>(root, ROOT_BEST);
    slot = load<u32>(root, ROOT_NODE);
  }
  // A path is at most one node for each bit; more means that a writer in shared memory led us astray.
  for (let steps = PREFIX_BITS_MAX + 2; slot && --steps; ) {
    const node = entryAt(map, slot - 1);
    const length = load<u32>(node, N_PREFIX);
    if (length > wanted) break;
    if (length < HEAD_BITS ? !covers(node, length, head) : commonPrefix(node, head, rest, wanted) < length) break;
    if (!isBranch(node)) best = slot;
    if (length == wanted) break;
    slot = load<u32>(childLink(node, bit(head, rest, length)));
  }
  return best;
}

/** Value of the longest matching prefix, or 0. */
export function trieLookup(map: u32, key: u32): u32 {
  const wanted = prefixOf(key);
  if (wanted > maxPrefix(map)) return 0;
  const head = headOf(map, key);
  let slot: u32;
  let sequence: u32;
  do {
    sequence = readBegin(map + M_LOCK);
    slot = match(map, head, restOf(key), wanted);
  } while (!unchanged(map + M_LOCK, sequence));
  return slot ? valueAt(map, slot - 1) : 0;
}

/** The link at which a key belongs: to nothing, to a node of exactly its prefix, or to one where they part. */
function place(map: u32, head: u64, rest: u32, prefix: u32): u32 {
  let link = map + M_ROOT;
  for (let slot = load<u32>(link); slot; slot = load<u32>(link)) {
    const node = entryAt(map, slot - 1);
    const length = load<u32>(node, N_PREFIX);
    if (commonPrefix(node, head, rest, prefix) != length || length == prefix) break;
    link = childLink(node, bit(head, rest, length));
  }
  return link;
}

function newNode(map: u32, head: u64, rest: u32, prefix: u32, branch: u32): u32 {
  const slot = takeSlot(map);
  fillNode(map, entryAt(map, slot - 1), head, rest, prefix, branch);
  return slot;
}

/** Puts `slot` (+ 1) in the place of `old` (+ 1), which keeps its value for those who hold a pointer to it. */
function supersede(map: u32, link: u32, old: u32, slot: u32): void {
  store<u64>(entryAt(map, slot - 1), load<u64>(entryAt(map, old - 1), N_CHILD), N_CHILD);
  store<u32>(link, slot);
  giveSlot(map, old - 1);
}

/** The key's prefix ends above `old`, or parts from it: a branch then holds both. */
function insertAbove(map: u32, link: u32, old: u32, slot: u32, common: u32): void {
  const node = entryAt(map, slot - 1);
  const below = entryAt(map, old - 1);
  let parent = slot;
  if (common < load<u32>(node, N_PREFIX)) {
    parent = newNode(map, load<u64>(below, N_HEAD), below + N_REST, common, 1);
    store<u32>(childLink(entryAt(map, parent - 1), nodeBit(node, common)), slot);
  }
  store<u32>(childLink(entryAt(map, parent - 1), nodeBit(below, common)), old);
  store<u32>(link, parent);
}

function flagError(map: u32, present: bool, flags: u64): i32 {
  if (present) return flags == BPF_NOEXIST ? -EEXIST : 0;
  if (flags == BPF_EXIST) return -ENOENT;
  return load<u32>(map, MAP_COUNT) >= load<u32>(map, MAP_MAX_ENTRIES) ? -ENOSPC : 0;
}

function updateLocked(map: u32, key: u32, value: u32, flags: u64): i32 {
  const prefix = prefixOf(key);
  const head = headOf(map, key);
  const rest = restOf(key);
  const link = place(map, head, rest, prefix);
  const old = load<u32>(link);
  const node = old ? entryAt(map, old - 1) : 0;
  const common = old ? commonPrefix(node, head, rest, prefix) : 0;
  const same = old != 0 && load<u32>(node, N_PREFIX) == prefix && common == prefix;
  const present = same && !isBranch(node);
  const error = flagError(map, present, flags);
  if (error) return error;
  const slot = newNode(map, head, rest, prefix, 0);
  copyValue(map, valueAt(map, slot - 1), value);
  if (old == 0) store<u32>(link, slot);
  else if (same) supersede(map, link, old, slot);
  else insertAbove(map, link, old, slot, common);
  if (!present) addCount(map, 1);
  refreshRoots(map, head, prefix);
  return 0;
}

/** `host` makes no difference: it is there as for the other types. */
export function trieUpdate(map: u32, key: u32, value: u32, flags: u64, host: bool): i32 {
  if (flags > <u64>BPF_EXIST || prefixOf(key) > maxPrefix(map)) return -EINVAL;
  lockForUpdate(map, 2);
  const result = updateLocked(map, key, value, flags);
  unlock(map + M_LOCK);
  return result;
}

/** Address of the link to the node of exactly `key`'s prefix, or 0. */
function locate(map: u32, key: u32): u32 {
  const prefix = prefixOf(key);
  const head = headOf(map, key);
  const link = place(map, head, restOf(key), prefix);
  const slot = load<u32>(link);
  if (slot == 0) return 0;
  const node = entryAt(map, slot - 1);
  const same =
    load<u32>(node, N_PREFIX) == prefix && commonPrefix(node, head, restOf(key), prefix) == prefix;
  return same && !isBranch(node) ? link : 0;
}

/** The link that points at the node which contains `link`; 0 when that is the root link. */
function linkAbove(map: u32, key: u32, link: u32): u32 {
  const head = headOf(map, key);
  let above: u32 = 0;
  for (let at = map + M_ROOT; at != link; ) {
    const node = entryAt(map, load<u32>(at) - 1);
    above = at;
    at = childLink(node, bit(head, restOf(key), load<u32>(node, N_PREFIX)));
  }
  return above;
}

/** A node without children is gone; a branch above it that has one child left is replaced by that child. */
function removeLeaf(map: u32, key: u32, link: u32): void {
  const above = linkAbove(map, key, link);
  const slot = load<u32>(link);
  store<u32>(link, 0);
  giveSlot(map, slot - 1);
  if (above == 0) return;
  const parent = load<u32>(above);
  const node = entryAt(map, parent - 1);
  if (!isBranch(node)) return;
  store<u32>(above, load<u32>(node, N_CHILD) | load<u32>(node, N_CHILD + 4));
  giveSlot(map, parent - 1);
}

function removeAt(map: u32, key: u32, link: u32): void {
  const slot = load<u32>(link);
  const node = entryAt(map, slot - 1);
  const left = load<u32>(node, N_CHILD);
  const right = load<u32>(node, N_CHILD + 4);
  addCount(map, -1);
  if (left && right) {
    store<u32>(node, 1, N_BRANCH);
  } else if (left || right) {
    store<u32>(link, left | right);
    giveSlot(map, slot - 1);
  } else {
    removeLeaf(map, key, link);
  }
}

export function trieDelete(map: u32, key: u32): i32 {
  if (prefixOf(key) > maxPrefix(map)) return -EINVAL;
  lock(map + M_LOCK);
  const link = locate(map, key);
  if (link) {
    removeAt(map, key, link);
    refreshRoots(map, headOf(map, key), prefixOf(key));
  }
  unlock(map + M_LOCK);
  return link ? 0 : -ENOENT;
}

// ---- iteration: postorder, so longer prefixes come before the shorter ones that contain them ---------------

/** First node with a value in postorder of the tree at `slot` (+ 1). */
function leftmost(map: u32, slot: u32): u32 {
  let found: u32 = 0;
  while (slot) {
    const node = entryAt(map, slot - 1);
    found = slot;
    slot = load<u32>(node, N_CHILD);
    if (slot == 0) slot = load<u32>(node, N_CHILD + 4);
  }
  return found;
}

/** What follows the subtree at the child of `slot` (+ 1) on that side; `after` if nothing here does. */
function afterChild(map: u32, slot: u32, side: u32, after: u32): u32 {
  const node = entryAt(map, slot - 1);
  const right = load<u32>(node, N_CHILD + 4);
  if (right && side == 0) return leftmost(map, right);
  return isBranch(node) ? after : slot;
}

/** True when the tree at `slot` (+ 1), which parts from `key`, comes after it. */
function comesAfter(map: u32, slot: u32, key: u32): bool {
  const node = entryAt(map, slot - 1);
  const common = commonPrefix(node, headOf(map, key), restOf(key), prefixOf(key));
  return common < prefixOf(key) && nodeBit(node, common) == 1;
}

/** slot + 1 of the element that follows `key` in postorder, whether `key` is there or not; 0 at the end. */
function following(map: u32, key: u32): u32 {
  const head = headOf(map, key);
  const last = place(map, head, restOf(key), prefixOf(key));
  let after: u32 = 0;
  let link = map + M_ROOT;
  while (link != last) {
    const slot = load<u32>(link);
    const node = entryAt(map, slot - 1);
    const side = bit(head, restOf(key), load<u32>(node, N_PREFIX));
    after = afterChild(map, slot, side, after);
    link = childLink(node, side);
  }
  const rest = load<u32>(last);
  return rest && comesAfter(map, rest, key) ? leftmost(map, rest) : after;
}

/** Slot (+ 1) and, at `keyOut`, key of the element after the one that is, or was, in `slot` (+ 1; 0: the first). */
export function trieAfter(map: u32, slot: u32, keyOut: u32): u32 {
  if (slot) {
    trieKey(map, slot, keyOut);
    slot = following(map, keyOut);
  } else {
    slot = leftmost(map, load<u32>(map, M_ROOT));
  }
  if (slot) trieKey(map, slot, keyOut);
  return slot;
}

/** As the syscall: a key that is not there (any more) starts over. */
export function trieNextKey(map: u32, key: u32, out: u32): i32 {
  lock(map + M_LOCK);
  const known = key != 0 && prefixOf(key) <= maxPrefix(map) && locate(map, key) != 0;
  const slot = known ? following(map, key) : leftmost(map, load<u32>(map, M_ROOT));
  if (slot) trieKey(map, slot, out);
  unlock(map + M_LOCK);
  return slot ? 0 : -ENOENT;
}

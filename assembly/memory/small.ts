import { HDR_ALLOCATOR, HEADER } from '../../src/abi/layout';
import { takeRun } from './runs';

// Blocks of at most SMALL_MAX bytes, header included: eight to a doubling would waste less, two are simpler.
// A class keeps a list of free blocks; empty, it cuts one run of pages into blocks. They stay in their class.

/** Before each block: its gross size (u32). 16 bytes, so that blocks are 16-byte aligned. */
export const BLOCK_HEADER: u32 = 16;
export const BLOCK_SIZE: u32 = 0;
export const SMALL_MAX: u32 = 4096;

const CLASSES: u32 = HEADER + HDR_ALLOCATOR + 64; // u32 list head per class
const CLASS_RUN: u32 = 16384;

/** Classes are 32, 48, 64, 96, 128, 192 … 4096. */
function classOf(gross: u32): u32 {
  if (gross <= 32) return 0;
  const log = 31 - clz(gross - 1); // 2^log < gross <= 2^(log + 1)
  const middle: u32 = (3 as u32) << (log - 1);
  return (log - 5) * 2 + (gross <= middle ? 1 : 2);
}

function classSize(index: u32): u32 {
  const base: u32 = (32 as u32) << (index >> 1);
  return index & 1 ? base + (base >> 1) : base;
}

function refill(list: u32, size: u32): bool {
  const run = takeRun(CLASS_RUN, true);
  if (run == 0) return false;
  let head: u32 = 0;
  for (let at = run + (CLASS_RUN / size) * size; at > run; ) {
    at -= size;
    store<u32>(at, size, BLOCK_SIZE);
    store<u32>(at + BLOCK_HEADER, head);
    head = at;
  }
  store<u32>(list, head);
  return true;
}

/** A block whose bytes after the header are zero, or 0. */
export function takeSmall(gross: u32): u32 {
  const index = classOf(gross);
  const list = CLASSES + index * 4;
  const size = classSize(index);
  if (load<u32>(list) == 0 && !refill(list, size)) return 0;
  const block = load<u32>(list);
  store<u32>(list, load<u32>(block + BLOCK_HEADER));
  memory.fill(block + BLOCK_HEADER, 0, size - BLOCK_HEADER);
  return block;
}

export function giveSmall(block: u32): void {
  const list = CLASSES + classOf(load<u32>(block, BLOCK_SIZE)) * 4;
  store<u32>(block + BLOCK_HEADER, load<u32>(list));
  store<u32>(list, block);
}

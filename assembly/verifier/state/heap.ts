import { HEAP } from '../../../src/abi/state';

// Blocks for packed states, by sizes rounded up to GRAIN: a list of free ones for each size, fresh memory behind them.

const GRAIN: u32 = 128;
/** No state is larger than the current one's 8 frames and its header. */
const CLASSES: u32 = 512;
const PAGE: u32 = 65_536;

const freeLists: u32 = HEAP;
const firstBlock: u32 = HEAP + CLASSES * 4;

let end: u32 = firstBlock;
let limit: u32 = 0;
let used: u32 = 0;

/** Forgets all blocks; the heap may grow up to `bytes` of memory. */
export function resetHeap(bytes: u32): void {
  memory.fill(freeLists, 0, CLASSES * 4);
  end = firstBlock;
  used = 0;
  limit = bytes;
}

/** Bytes of memory in use, the working area included. */
export function heapUsed(): u32 {
  return firstBlock + used;
}

function classOf(size: u32): u32 {
  return (size + GRAIN - 1) / GRAIN;
}

function fresh(bytes: u32): u32 {
  const block = end;
  if (block + bytes > limit || block + bytes < block) return 0;
  const pages = (block + bytes + PAGE - 1) / PAGE;
  const missing = (pages as i32) - memory.size();
  if (missing > 0 && memory.grow(max<i32>(missing, 64)) < 0 && memory.grow(missing) < 0) return 0;
  end = block + bytes;
  return block;
}

/** Address of a block of at least `size` bytes, 8-byte aligned; 0 when the limit is reached. */
export function allocate(size: u32): u32 {
  const list = freeLists + classOf(size) * 4;
  const bytes = classOf(size) * GRAIN;
  const free = load<u32>(list);
  const block = free != 0 ? free : fresh(bytes);
  if (block == 0) return 0;
  if (free != 0) store<u32>(list, load<u32>(free));
  used += bytes;
  return block;
}

export function release(block: u32, size: u32): void {
  const list = freeLists + classOf(size) * 4;
  store<u32>(block, load<u32>(list));
  store<u32>(list, block);
  used -= classOf(size) * GRAIN;
}

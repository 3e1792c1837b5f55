import { HDR_ALLOCATOR, HEADER } from '../../src/abi/layout';
import { roundUp } from './bytes';
import { lock, unlock } from './lock';
import { giveRun, initRuns, RUN_UNIT, takeRun } from './runs';
import { BLOCK_HEADER, BLOCK_SIZE, giveSmall, SMALL_MAX, takeSmall } from './small';

const LOCK: u32 = HEADER + HDR_ALLOCATOR; // u32

export function initAllocator(): void {
  initRuns();
}

/**
 * Before a large block: a cache line, so that what is in it begins with one, and threads with lines of their own do not
 * disturb each other. The size is where it is before small blocks, too.
 */
const LARGE_HEADER: u32 = 64;

function takeLarge(net: u64): u32 {
  const size = roundUp(net + LARGE_HEADER, RUN_UNIT);
  if (size > u32.MAX_VALUE) return 0;
  const run = takeRun(size as u32, false);
  if (run == 0) return 0;
  store<u32>(run + LARGE_HEADER - BLOCK_HEADER, size as u32, BLOCK_SIZE);
  return run + LARGE_HEADER;
}

function takeBlock(gross: u32): u32 {
  const block = takeSmall(gross);
  return block ? block + BLOCK_HEADER : 0;
}

/**
 * Zeroed memory of a size computed in 64 bits (so that products cannot wrap), 16-byte aligned, blocks of more than
 * SMALL_MAX bytes 64-byte aligned; 0 when exhausted.
 */
export function reserve(size: u64): u32 {
  if (size >= 0x1_0000_0000) return 0;
  const gross = size + BLOCK_HEADER;
  lock(LOCK);
  const address = gross <= SMALL_MAX ? takeBlock(gross as u32) : takeLarge(size);
  unlock(LOCK);
  return address;
}

export function alloc(size: u32): u32 {
  return reserve(size);
}

/** Gives back what `alloc` or `reserve` returned; 0 is allowed. */
export function free(address: u32): void {
  if (address == 0) return;
  const size = load<u32>(address - BLOCK_HEADER, BLOCK_SIZE);
  lock(LOCK);
  if (size <= SMALL_MAX) giveSmall(address - BLOCK_HEADER);
  else giveRun(address - LARGE_HEADER, size);
  unlock(LOCK);
}

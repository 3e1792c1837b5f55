import { HDR_ALLOCATOR, HEADER } from '../../src/abi/layout';
import { roundUp } from './bytes';
import { lock, unlock } from './lock';
import { giveRun, initRuns, RUN_UNIT, takeRun } from './runs';
import { BLOCK_HEADER, BLOCK_SIZE, giveSmall, SMALL_MAX, takeSmall } from './small';

const LOCK: u32 = HEADER + HDR_ALLOCATOR; // u32

export function initAllocator(): void {
  initRuns();
}

function takeLarge(gross: u64): u32 {
  const size = roundUp(gross, RUN_UNIT);
  if (size > u32.MAX_VALUE) return 0;
  const block = takeRun(size as u32, false);
  if (block) store<u32>(block, size as u32, BLOCK_SIZE);
  return block;
}

/** Zeroed memory of a size computed in 64 bits (so that products cannot wrap), 16-byte aligned; 0 when exhausted. */
export function reserve(size: u64): u32 {
  if (size >= 0x1_0000_0000) return 0;
  const gross = size + BLOCK_HEADER;
  lock(LOCK);
  const block = gross <= SMALL_MAX ? takeSmall(gross as u32) : takeLarge(gross);
  unlock(LOCK);
  return block ? block + BLOCK_HEADER : 0;
}

export function alloc(size: u32): u32 {
  return reserve(size);
}

/** Gives back what `alloc` or `reserve` returned; 0 is allowed. */
export function free(address: u32): void {
  if (address == 0) return;
  const block = address - BLOCK_HEADER;
  const size = load<u32>(block, BLOCK_SIZE);
  lock(LOCK);
  if (size <= SMALL_MAX) giveSmall(block);
  else giveRun(block, size);
  unlock(LOCK);
}

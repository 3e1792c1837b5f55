import { RUN_OWNED } from '../../src/abi/layout';
import { free, reserve } from '../memory/allocator';
import { run } from './state';

// Memory that functions of the runtime take for a run, which the program must give back. The verifier sees to it that it
// does; a trap, or an unverified program, would leave it behind. Blocks are a list, newest first.

/** Before each block's bytes: the next of the list, u32. */
const HEADER: u32 = 16;

/** Zeroed memory of the run's own, or 0 when there is no more. */
export function takeOwned(size: u32): u32 {
  const block = reserve((size as u64) + HEADER);
  if (block == 0) return 0;
  store<u32>(block, load<u32>(run, RUN_OWNED));
  store<u32>(run, block, RUN_OWNED);
  return block + HEADER;
}

/** Whether there is such a block: programs without a proof may name any address. */
export function owns(address: u32): bool {
  for (let block = load<u32>(run, RUN_OWNED); block; block = load<u32>(block)) {
    if (block + HEADER == address) return true;
  }
  return false;
}

/** Gives a block back; nothing happens when it is none of the run's. */
export function giveOwned(address: u32): void {
  let link = run + RUN_OWNED;
  for (let block = load<u32>(link); block; block = load<u32>(link)) {
    if (block + HEADER == address) {
      store<u32>(link, load<u32>(block));
      free(block);
      return;
    }
    link = block;
  }
}

/** Gives back what is left, at the end of a run. */
export function giveAllOwned(): void {
  for (let block = load<u32>(run, RUN_OWNED); block; block = load<u32>(run, RUN_OWNED)) {
    store<u32>(run, load<u32>(block), RUN_OWNED);
    free(block);
  }
}

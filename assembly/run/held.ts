import { RUN_HELPERS } from '../../src/abi/layout';
import { run } from './state';

// The spin lock that a run holds: one at most, as the kernel's verifier has it. It would let no program end with it;
// a trap, or an unverified program, would leave everybody else waiting for ever.

const HELD: i32 = RUN_HELPERS + 60; // u32: address of the struct bpf_spin_lock, or 0

export function heldLock(): u32 {
  return load<u32>(run, HELD);
}

export function holdLock(word: u32): void {
  store<u32>(run, word, HELD);
}

/** Opens the lock, if there is one. */
export function releaseLock(): void {
  const word = heldLock();
  if (word == 0) return;
  store<u32>(run, 0, HELD);
  if (ASC_FEATURE_THREADS) atomic.store<u32>(word, 0);
}

import { RUN_PC, RUN_SANDBOX } from '../../src/abi/layout';
import { spend } from '../run/budget';
import { heldLock, holdLock, releaseLock } from '../run/held';
import { run } from '../run/state';
import { memoryArgument, refuse } from './arguments';

// struct bpf_spin_lock is a u32 in a map value. Where one instance has the memory to itself there is nobody to
// wait for, and the lock is left alone. A sandboxed program that waits for a lock pays for it.

function lockArgument(address: u64): u32 {
  if (address & 3) refuse(address);
  return memoryArgument(address, 4, 1);
}

/** Two locks at once are refused, as by the kernel's verifier: two programs could wait for each other. */
export function bpf_spin_lock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const word = lockArgument(r1);
  if (heldLock() != 0) refuse(r1);
  if (ASC_FEATURE_THREADS) {
    while (atomic.cmpxchg<u32>(word, 0, 1) != 0) {
      if (load<u32>(run, RUN_SANDBOX)) spend(1, load<u32>(run, RUN_PC));
    }
  }
  holdLock(word);
  return 0;
}

export function bpf_spin_unlock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (lockArgument(r1) != heldLock()) refuse(r1);
  releaseLock();
  return 0;
}

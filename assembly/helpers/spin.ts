import { RUN_PC, RUN_SANDBOX } from '../../src/abi/layout';
import { spend } from '../run/budget';
import { run } from '../run/state';
import { memoryArgument } from './arguments';

// struct bpf_spin_lock is a u32 in a map value. Where one instance has the memory to itself there is nobody to
// wait for, and the lock is left alone. A sandboxed program that waits for a lock pays for it.

export function bpf_spin_lock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const word = memoryArgument(r1, 4, 1);
  if (!ASC_FEATURE_THREADS) return 0;
  while (atomic.cmpxchg<u32>(word & ~3, 0, 1) != 0) {
    if (load<u32>(run, RUN_SANDBOX)) spend(1, load<u32>(run, RUN_PC));
  }
  return 0;
}

export function bpf_spin_unlock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const word = memoryArgument(r1, 4, 1);
  if (ASC_FEATURE_THREADS) atomic.store<u32>(word & ~3, 0);
  return 0;
}

import { MAP_SPIN_LOCK } from '../../src/abi/layout';
import { BPF_EXIST, BPF_F_LOCK } from '../../src/abi/maps';
import { heldLock } from '../run/held';

// The struct bpf_spin_lock of a value, for updates with BPF_F_LOCK: other threads may be inside.

/**
 * Verified programs update no map while they hold a lock, so that waiting ends. Unverified ones may, two of them may
 * wait for each other, and the map's own lock is held here: after about a second the update goes on without the lock.
 */
const PATIENCE: u32 = 1 << 27;

/** Flags of an update: one of BPF_ANY, BPF_NOEXIST and BPF_EXIST, with BPF_F_LOCK where values have a lock. */
export function flagsAllowed(map: u32, flags: u64): bool {
  if (flags & BPF_F_LOCK)
    return load<u32>(map, MAP_SPIN_LOCK) != 0 && (flags & ~BPF_F_LOCK) <= <u64>BPF_EXIST;
  return flags <= <u64>BPF_EXIST;
}

/** Takes the lock of the value. Its address, to be given to `openValue`; 0 when there is none to take. */
export function closeValue(map: u32, value: u32): u32 {
  const offset = load<u32>(map, MAP_SPIN_LOCK);
  if (!ASC_FEATURE_THREADS || offset == 0) return 0;
  const word = value + offset - 1;
  if (word == heldLock()) return 0;
  for (let tries = PATIENCE; tries; --tries) {
    if (atomic.cmpxchg<u32>(word, 0, 1) == 0) return word;
  }
  return 0;
}

export function openValue(word: u32): void {
  if (ASC_FEATURE_THREADS && word) atomic.store<u32>(word, 0);
}

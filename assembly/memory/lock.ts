// A u32 sequence lock: odd while a writer is inside. Plain builds have one instance per memory, so there it is
// nothing. Holders never call back into programs and never trap, so a lock is never left behind by a trap.

export function lock(address: u32): void {
  if (!ASC_FEATURE_THREADS) return;
  for (;;) {
    const seen = atomic.load<u32>(address);
    if ((seen & 1) == 0 && atomic.cmpxchg<u32>(address, seen, seen + 1) == seen) return;
  }
}

/** Takes the lock if no writer has been inside since `readBegin` returned `sequence`: what was read then still holds. */
export function lockUnchanged(address: u32, sequence: u32): bool {
  if (!ASC_FEATURE_THREADS) return true;
  return atomic.cmpxchg<u32>(address, sequence, sequence + 1) == sequence;
}

export function unlock(address: u32): void {
  if (ASC_FEATURE_THREADS) atomic.add<u32>(address, 1);
}

/** Waits until no writer is inside and returns the sequence number to give to `unchanged`. */
export function readBegin(address: u32): u32 {
  if (!ASC_FEATURE_THREADS) return 0;
  let seen: u32;
  do {
    seen = atomic.load<u32>(address);
  } while (seen & 1);
  return seen;
}

/** True when no writer has been inside since `readBegin` returned `sequence`. */
export function unchanged(address: u32, sequence: u32): bool {
  if (!ASC_FEATURE_THREADS) return true;
  return atomic.load<u32>(address) == sequence;
}

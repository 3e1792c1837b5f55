import { RUN_USER_RING } from '../../src/abi/layout';
import { run } from '../run/state';
import { enterRing, leaveRing } from './ring';

// The user ring buffer that this run takes samples out of: a trap in its callback must not leave it closed.

export function startDraining(ring: u32): bool {
  if (!enterRing(ring)) return false;
  store<u32>(run, ring, RUN_USER_RING);
  return true;
}

export function stopDraining(): void {
  const ring = load<u32>(run, RUN_USER_RING);
  if (ring == 0) return;
  store<u32>(run, 0, RUN_USER_RING);
  leaveRing(ring);
}

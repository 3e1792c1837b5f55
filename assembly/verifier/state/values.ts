import { SCALAR_SIZE } from '../../../src/abi/verifier';
import { join } from '../lattice';
import { copy, equal, setUnknown } from '../scalar';

// The data-flow pass over registers as plain 64-bit numbers (src/verifier/values): scalars lie one after the other.

/**
 * Widens `count` scalars at `to` to what those at `from` may be as well. With `widen`, one that changes becomes
 * unknown, so that loops come to an end.
 *
 * @param spare a scalar's room that is nobody's
 * @returns whether any changed
 */
export function joinScalars(to: u32, from: u32, count: u32, widen: u32, spare: u32): bool {
  let changed = false;
  for (let i: u32 = 0; i < count; i++) {
    const r = to + i * SCALAR_SIZE;
    copy(spare, r);
    join(r, from + i * SCALAR_SIZE);
    if (equal(spare, r)) continue;
    changed = true;
    if (widen != 0) setUnknown(r);
  }
  return changed;
}

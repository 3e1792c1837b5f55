import { ID_ADDED, IDS, MAX_IDS } from '../../../src/abi/state';

// Ids are names: states are equal when one can be renamed into the other (check_ids of kernel/bpf/verifier.c).

let count: u32 = 0;
/** Stand-ins for scalars of the current state that have no id of their own. */
let standIn: u32 = 0;

const FIRST_STAND_IN: u32 = 0x4000_0000;

export function clearIds(): void {
  count = 0;
  standIn = FIRST_STAND_IN;
}

function matchNamed(old: u32, current: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const at = IDS + i * 8;
    if (load<u32>(at) == old) return load<u32>(at, 4) == current;
    if (load<u32>(at, 4) == current) return false;
  }
  // More ids than ever met: equality is not claimed.
  if (count == MAX_IDS) return false;
  store<u32>(IDS + count * 8, old);
  store<u32>(IDS + count * 8, current, 4);
  count += 1;
  return true;
}

/** Whether `current` can stand where `old` stood in all pairs seen since clearIds. */
export function matchIds(old: u32, current: u32): bool {
  if ((old == 0) != (current == 0)) return false;
  return old == 0 || matchNamed(old, current);
}

/** Of scalars: an id shared in the old state must be shared in the current one; a further one there does no harm. */
export function matchScalarIds(old: u32, current: u32): bool {
  const bare = old & ~ID_ADDED;
  if (bare == 0) return true;
  const other = current & ~ID_ADDED;
  return matchNamed(bare, other != 0 ? other : ++standIn);
}

import { MAP_TYPE, RUN_TAIL_CALLS } from '../../src/abi/layout';
import { MAP_TYPE_PROG_ARRAY } from '../../src/abi/maps';
import { objectAt } from '../maps/slate';
import { run } from '../run/state';

/** MAX_TAIL_CALL_CNT. */
const LIMIT: u32 = 33;

/** Descriptor of the program at `index` (its low 32 bits) of a program array, and counts the call; 0 when it fails. */
export function tailCallTarget(map: u32, index: u64): u32 {
  if (load<u32>(map, MAP_TYPE) != MAP_TYPE_PROG_ARRAY) return 0;
  const made = load<u32>(run, RUN_TAIL_CALLS);
  const target = made < LIMIT ? objectAt(map, index as u32) : 0;
  if (target) store<u32>(run, made + 1, RUN_TAIL_CALLS);
  return target;
}

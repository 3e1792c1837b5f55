import { MAP_TYPE, PROG_CTX_KIND, RUN_PROG, RUN_TAIL_CALLS } from '../../src/abi/layout';
import { MAP_TYPE_PROG_ARRAY } from '../../src/abi/maps';
import { objectAt } from '../maps/slate';
import { run } from '../run/state';

/** MAX_TAIL_CALL_CNT. */
const LIMIT: u32 = 33;

/** The kernel keeps a program array to programs of one type, so that a context is what its helpers take it for. */
function sameContext(target: u32): bool {
  return load<u32>(target, PROG_CTX_KIND) == load<u32>(load<u32>(run, RUN_PROG), PROG_CTX_KIND);
}

/** Descriptor of the program at `index` (its low 32 bits) of a program array, and counts the call; 0 when it fails. */
export function tailCallTarget(map: u32, index: u64): u32 {
  if (load<u32>(map, MAP_TYPE) != MAP_TYPE_PROG_ARRAY) return 0;
  const made = load<u32>(run, RUN_TAIL_CALLS);
  const target = made < LIMIT ? objectAt(map, index as u32) : 0;
  if (target == 0 || !sameContext(target)) return 0;
  store<u32>(run, made + 1, RUN_TAIL_CALLS);
  return target;
}

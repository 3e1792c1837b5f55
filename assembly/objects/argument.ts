import { RUN_PC, RUN_SANDBOX } from '../../src/abi/layout';
import { TRAP_BAD_ARGUMENT } from '../../src/abi/traps';
import { run } from '../run/state';
import { trap } from '../run/trap';
import { objectAt } from './registry';

/**
 * An object of the host that a helper is passed: the address of its structure. A sandboxed program may pass anything:
 * what is no object of this kind (OBJ_*; 0: of any) ends the run.
 */
export function objectArgument(address: u64, kind: u32): u32 {
  if (load<u32>(run, RUN_SANDBOX) == 0) return <u32>address;
  const structure = objectAt(address, kind);
  if (structure == 0) trap(TRAP_BAD_ARGUMENT, load<u32>(run, RUN_PC), address);
  return structure;
}

/** As objectArgument, where NULL is one of the values. */
export function objectOrNullArgument(address: u64, kind: u32): u32 {
  return address == 0 ? 0 : objectArgument(address, kind);
}

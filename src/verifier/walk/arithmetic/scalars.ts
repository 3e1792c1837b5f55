/** Scalars in registers: ids, widths, what loads and moves make of them. */
import { ID_ADDED, KIND_SCALAR } from '../../../abi/state.ts';
import type { Walk } from '../walk.ts';

/** Gives a scalar an id before it is copied, so that what is learned of one copy holds for all. */
export function linkBeforeCopy(walk: Walk, r: number): void {
  const { memory } = walk;
  if (memory.type(r) !== KIND_SCALAR) return;
  if ((memory.id(r) & ID_ADDED) !== 0) {
    // The copy is of the sum: it starts a company of its own.
    memory.setId(r, 0);
    memory.setOff(r, 0);
  }
  if (memory.id(r) === 0 && !memory.isConst(r)) memory.setId(r, walk.newId());
}

/** The register leaves the company of its id. */
export function unlink(walk: Walk, r: number): void {
  walk.memory.setId(r, 0);
  walk.memory.setOff(r, 0);
}

/** What a load of `size` bytes leaves of the value in the register. */
export function extendLoaded(walk: Walk, r: number, size: number, signed: boolean): void {
  if (size === 8 || walk.memory.type(r) !== KIND_SCALAR) return;
  if (signed) walk.ops.signExtend(r, size);
  else walk.ops.zeroExtend(r, size);
}

/** Keys of array elements that are one number: the lookup cannot fail (get_constant_map_key of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { SCALAR_VALUE } from '../../../abi/verifier.ts';
import { relyOnZero, slotOf } from '../memory/stack.ts';
import { markSlotPrecise } from '../paths/precision.ts';
import type { Walk } from '../walk.ts';

/** Bytes of one kind from a stack offset upwards, within the slot. */
function run(walk: Walk, frame: number, off: number, kind: number): number {
  const { memory } = walk;
  const slot = memory.slotBytes(frame, slotOf(off));
  let count = 0;
  for (let b = off & 7; b < 8 && memory.bytes[slot + b] === kind; b++) count += 1;
  return count;
}

/**
 * The key that a register points to, where it is a constant on the stack.
 *
 * @param isUsed the verdict may depend on it, so that it counts where states are compared
 */
export function constantKey(walk: Walk, register: number, size: number, isUsed: boolean): number | undefined {
  const { memory } = walk;
  const r = walk.reg(register);
  if (!walk.rules.capable || !isUsed || memory.type(r) !== abi.KIND_STACK || !memory.isConst(r))
    return undefined;
  const frame = memory.aux(r);
  const off = memory.off(r) + memory.constant(r);
  if (run(walk, frame, off, abi.BYTE_ZERO) >= size) {
    relyOnZero(walk, frame, off, off + size);
    return 0;
  }
  const slot = slotOf(off);
  const spilled = memory.slot(frame, slot);
  const isSpill = (off & 7) === 0 && run(walk, frame, off, abi.BYTE_SPILL) === size;
  if (!isSpill || memory.kind(spilled) !== abi.KIND_SCALAR || !memory.isConst(spilled)) return undefined;
  markSlotPrecise(walk, frame, slot);
  // Only as many bytes as the key has are there, whatever the register held.
  return size === 4 ? memory.u32[(spilled + SCALAR_VALUE) >> 2] : memory.constant(spilled);
}

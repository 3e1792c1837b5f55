/** Where control goes from an instruction, within its function. */
import type { Insn } from '../../isa/insn.ts';
import { slotsOf } from '../../isa/insn.ts';

export type Insns = readonly (Insn | undefined)[];

/** Slots that may be next; none after exit. */
export function successorsOf(insn: Insn, slot: number): readonly number[] {
  switch (insn.kind) {
    case 'exit':
    case 'gotox':
      return [];
    case 'ja':
      return [slot + 1 + insn.off];
    case 'jump':
    case 'mayGoto':
      return [slot + 1, slot + 1 + insn.off];
    default:
      return [slot + slotsOf(insn)];
  }
}

/** Where the walk compares states, and where it remembers how it got somewhere (visit_insn of kernel/bpf/verifier.c). */
import type { Insn } from '../../isa/insn.ts';
import { slotsOf } from '../../isa/insn.ts';
import type { Insns } from './flow.ts';

/** States are compared before the instruction, and may be kept for that. */
export const PRUNE = 1;
/** Control may come from elsewhere than the slot before. */
export const JUMP = 2;
/** A state is always kept. */
export const CHECKPOINT = 4;

/** How a call continues elsewhere than in the next instruction. */
export type CallShape = 'plain' | 'syncCallback' | 'asyncCallback' | 'iteratorNext';

export type ShapeOf = (insn: Insn) => CallShape;

/** Marks by slot: sums of PRUNE, JUMP and CHECKPOINT. */
export function markPoints(insns: Insns, shapeOf: ShapeOf): Uint8Array {
  const marks = new Uint8Array(insns.length + 1);
  const mark = (slot: number, points: number): void => {
    marks[slot] = (marks[slot] ?? 0) | points;
  };
  const markCall = (insn: Insn, slot: number): void => {
    mark(slot + 1, PRUNE | JUMP);
    const shape = shapeOf(insn);
    if (shape === 'syncCallback') mark(slot, PRUNE | JUMP | CHECKPOINT);
    else if (shape === 'asyncCallback') mark(slot, PRUNE);
    else if (shape === 'iteratorNext') mark(slot, PRUNE | CHECKPOINT);
  };
  /** A function is entered here, and comes back to the instruction behind. */
  const markFunction = (slot: number, entry: number, after: number): void => {
    mark(slot, PRUNE);
    mark(after, PRUNE | JUMP);
    mark(entry, PRUNE | JUMP);
  };
  insns.forEach((insn, slot) => {
    if (insn === undefined) return;
    if (insn.kind === 'jump' || insn.kind === 'mayGoto') {
      mark(slot, PRUNE);
      mark(slot + 1 + insn.off, PRUNE | JUMP);
      if (insn.kind === 'mayGoto') mark(slot, CHECKPOINT);
    } else if (insn.kind === 'ja') {
      mark(slot + 1 + insn.off, PRUNE | JUMP);
    } else if (insn.kind === 'lddw' && insn.pseudo === 4) {
      markFunction(slot, slot + 1 + insn.lo, slot + slotsOf(insn));
    } else if (insn.kind === 'call') {
      if (insn.target === 'local') markFunction(slot, slot + 1 + insn.imm, slot + 1);
      else markCall(insn, slot);
    }
  });
  return marks;
}

/**
 * Counting what a program executes: one counter for each stretch of instructions that run one after the other, so that
 * millions of packets are counted in little more than the time they take.
 */
import type { Insn } from '../isa/insn.ts';
import type { Structure } from '../verifier/structure.ts';
import type { Expr } from './builder.ts';
import { COUNTERS } from './names.ts';
import type { Scope } from './scope.ts';

/** Bytes of a counter. The one of the stretch that begins at slot n is the n-th. */
export const COUNTER_SIZE = 8;

/** Slots [start, end) that are executed one after the other, unless a trap ends the program among them. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What a call calls may never return; a packet load may end the program. */
const mayLeave = (insn: Insn | undefined): boolean =>
  insn?.kind === 'call' || insn?.kind === 'callx' || insn?.kind === 'packet';

/** The stretches of a program, in order: its blocks, cut behind what may leave them. */
export function stretchesOf({ subprograms, decoded }: Pick<Structure, 'subprograms' | 'decoded'>): Stretch[] {
  return subprograms.flatMap(({ cfg }) =>
    cfg.blocks.flatMap((block) => {
      const stretches: Stretch[] = [];
      let { start } = block;
      for (let slot = start; slot < block.end; slot++) {
        if (slot + 1 < block.end && !mayLeave(decoded.insns[slot])) continue;
        stretches.push({ start, end: slot + 1 });
        start = slot + 1;
      }
      return stretches;
    }),
  );
}

/** Counts the stretch that begins at a slot. */
export const countStretch = ({ b, unit }: Scope, slot: number): Expr[] => {
  const at = slot * COUNTER_SIZE;
  const count = b.load('i64.load', unit.global(COUNTERS), at);
  return [b.store('i64.store', unit.global(COUNTERS), at, b.binary('i64.add', count, b.const64(1n)))];
};

/** Where the functions of a program begin: at slot 0 and wherever a local call or a function address points. */
import { WebpfError } from '../errors.ts';
import type { Insn } from './insn.ts';

export interface SubprogramRange {
  /** Slot of the first instruction. */
  readonly start: number;
  /** Slots. */
  readonly length: number;
}

export interface SubprogramReference {
  /** Slot of the call or lddw. */
  readonly slot: number;
  /** Slot of the function it names. */
  readonly target: number;
  /** True for a function address (lddw with pseudo source 4), false for a call. */
  readonly addressTaken: boolean;
}

/** The function that an instruction calls or takes the address of; undefined for all other instructions. */
export function subprogramReference(insn: Insn, slot: number): SubprogramReference | undefined {
  if (insn.kind === 'call' && insn.target === 'local') {
    return { slot, target: slot + 1 + insn.imm, addressTaken: false };
  }
  if (insn.kind === 'lddw' && insn.pseudo === 4) {
    return { slot, target: slot + 1 + insn.lo, addressTaken: true };
  }
  return undefined;
}

/** Every reference to a function, in slot order; targets are not checked. */
export function subprogramReferences(insns: readonly (Insn | undefined)[]): SubprogramReference[] {
  return insns.flatMap((insn, slot) => {
    const reference = insn === undefined ? undefined : subprogramReference(insn, slot);
    return reference === undefined ? [] : [reference];
  });
}

/**
 * Splits a program into its functions, by slot, in order; the first one is the main program.
 *
 * @throws WebpfError 'bad-program' when a call or function address points at no instruction
 */
export function findSubprograms(insns: readonly (Insn | undefined)[]): SubprogramRange[] {
  const starts = new Set([0]);
  for (const { slot, target, addressTaken } of subprogramReferences(insns)) {
    if (insns[target] === undefined) {
      const what = addressTaken ? 'function address' : 'call';
      const message = `insn ${slot}: ${what} to invalid destination ${target}: it must be the slot of an instruction`;
      throw new WebpfError('bad-program', message, { stage: 'isa', insn: slot });
    }
    starts.add(target);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return sorted.map((start, index) => ({ start, length: (sorted[index + 1] ?? insns.length) - start }));
}

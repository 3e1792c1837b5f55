/** What a program needs from its surroundings: helpers, kfuncs, maps. */
import type { Decoded } from '../isa/decode.ts';
import type { Insn } from '../isa/insn.ts';

export interface Uses {
  /** Helper id to the first slot that calls it. */
  readonly helpers: ReadonlyMap<number, number>;
  /** Index of a kernel function in `kfuncNames` to the first slot that calls it. */
  readonly kfuncs: ReadonlyMap<number, number>;
  /** `Program.kfuncs`. */
  readonly kfuncNames: readonly string[];
  /** Map index to the first slot that refers to it. */
  readonly maps: ReadonlyMap<number, number>;
  /** Slots of calls through a register (callx), whose targets are known at run time only. */
  readonly indirectCalls: readonly number[];
}

/** Visits every instruction with its slot. */
const each = ({ insns }: Decoded, visit: (insn: Insn, slot: number) => void): void => {
  insns.forEach((insn, slot) => {
    if (insn !== undefined) visit(insn, slot);
  });
};

const note = (uses: Map<number, number>, id: number, slot: number): void => {
  if (!uses.has(id)) uses.set(id, slot);
};

/** Lists what the instructions refer to; `kfuncNames` are those of the program. */
export function collectUses(decoded: Decoded, kfuncNames: readonly string[] = []): Uses {
  const helpers = new Map<number, number>();
  const kfuncs = new Map<number, number>();
  const maps = new Map<number, number>();
  const indirectCalls: number[] = [];
  each(decoded, (insn, slot) => {
    if (insn.kind === 'callx') indirectCalls.push(slot);
    if (insn.kind === 'call' && insn.target === 'helper') note(helpers, insn.imm, slot);
    if (insn.kind === 'call' && insn.target === 'kfunc') note(kfuncs, insn.imm, slot);
    if (insn.kind === 'lddw' && (insn.pseudo === 5 || insn.pseudo === 6)) note(maps, insn.lo, slot);
  });
  return { helpers, kfuncs, kfuncNames, maps, indirectCalls };
}

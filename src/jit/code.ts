/** The instructions of a function as they are translated: what the proof decides is decided. */
import { buildCfg, type Cfg } from '../isa/cfg.ts';
import { TAIL_CALL } from '../isa/helpers.ts';
import type { Insn } from '../isa/insn.ts';
import type { Proof } from '../verifier/proof.ts';
import { liveRegisters } from '../verifier/static/liveness.ts';
import { ARGUMENTS, effectOf } from '../verifier/static/registers.ts';
import type { StructuredSubprogram } from '../verifier/structure.ts';

export interface Code {
  /** By slot of the program. */
  readonly insns: readonly (Insn | undefined)[];
  readonly cfg: Cfg;
  /** Masks by slot of the registers that are read from there on. */
  readonly live: Uint16Array;
  /** Masks by block of the registers that are in 32-bit locals where it begins. */
  readonly half: Uint16Array;
}

const NEXT: Insn = { kind: 'ja', long: false, off: 0 };

/** Jumps that always (or never) happen, by the proof, as what they are. */
export function decideBranches(
  insns: readonly (Insn | undefined)[],
  proof: Proof,
): readonly (Insn | undefined)[] {
  return insns.map((insn, slot) => {
    const taken = insn?.kind === 'jump' ? proof.facts.get(slot)?.taken : undefined;
    if (insn?.kind !== 'jump' || taken === undefined) return insn;
    return taken ? { kind: 'ja', long: false, off: insn.off } : NEXT;
  });
}

export interface ProgramCode {
  readonly decoded: readonly (Insn | undefined)[];
  readonly insns: readonly (Insn | undefined)[];
  readonly live: Uint16Array;
}

/** A tail call that fails leaves the registers as they are. */
const effectHere: typeof effectOf = (insn, count) =>
  insn.kind === 'call' && insn.target === 'helper' && insn.imm === TAIL_CALL
    ? { reads: ARGUMENTS, writes: 0 }
    : effectOf(insn, count);

/** What all functions of a program have in common. */
export function codeOfProgram(
  decoded: readonly (Insn | undefined)[],
  proof: Proof,
  decides: boolean,
): ProgramCode {
  const insns = decides && proof.mode === 'verified' ? decideBranches(decoded, proof) : decoded;
  return { decoded, insns, live: liveRegisters(insns, () => undefined, effectHere) };
}

export function codeOf(
  { decoded, insns, live }: ProgramCode,
  { cfg, start, length }: StructuredSubprogram,
): Code {
  const end = start + length;
  const isDecided = insns.slice(start, end).some((insn, index) => insn !== decoded[start + index]);
  const own = isDecided ? buildCfg({ insns }, { start, length }) : cfg;
  return { insns, live, cfg: own, half: new Uint16Array(own.blocks.length) };
}

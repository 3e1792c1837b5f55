/**
 * Which registers are kept in 32-bit locals between basic blocks: those whose high half is known to be 0, or is read
 * by nobody. Addresses and 32-bit numbers need no extension and no copy then.
 */
import type { Insn, InsnKind, Operand } from '../../isa/insn.ts';
import type { InsnFacts, Proof, RegisterFact } from '../../verifier/proof.ts';
import { effectOf } from '../../verifier/static/registers.ts';
import type { Code } from '../code.ts';
import { scalarBits } from '../ssa/bits.ts';

const FRAME_POINTER = 1 << 10;

/** Registers of which an instruction reads the low half only. */
type Halves<I> = (insn: I) => number;

const bit = (register: number | undefined): number => (register === undefined ? 0 : 1 << register);
const both = (insn: { readonly width: 32 | 64; readonly dst: number } & Operand): number =>
  insn.width === 32 ? bit(insn.dst) | bit(insn.src) : 0;

const HALVES: { readonly [Kind in InsnKind]?: Halves<Extract<Insn, { kind: Kind }>> } = {
  alu: both,
  jump: both,
  neg: ({ width, dst }) => (width === 32 ? bit(dst) : 0),
  endian: ({ bits, dst }) => (bits < 64 ? bit(dst) : 0),
  store: ({ size, src, dst }) => (size < 8 && src !== dst ? bit(src) : 0),
};

const halvesOf = (insn: Insn): number => (HALVES[insn.kind] as Halves<Insn> | undefined)?.(insn) ?? 0;

/** Pointers near their objects are addresses in linear memory, which has less than 4 GiB. */
function fitsHalf({ kind, scalar }: RegisterFact, farPointers: boolean): boolean {
  if (kind !== undefined && kind !== 'scalar') return !farPointers;
  return scalar !== undefined && scalarBits(scalar).high === 0;
}

const knownHalves = (facts: InsnFacts | undefined, farPointers: boolean): number =>
  (facts?.registers ?? []).reduce(
    (mask, fact) => (fitsHalf(fact, farPointers) ? mask | bit(fact.register) : mask),
    0,
  );

/** What a block does first with each register, as far as that says something. */
interface First {
  /** Read whole, with nothing known of the high half. */
  readonly whole: number;
  /** Known to have no high half, or written: what comes later does not matter. */
  readonly settled: number;
}

function firstUses(insns: readonly (Insn | undefined)[], proof: Proof, start: number, end: number): First {
  let whole = 0;
  let settled = 0;
  for (let slot = start; slot < end; slot++) {
    const insn = insns[slot];
    if (insn === undefined) continue;
    const facts = proof.facts.get(slot);
    const listed = facts?.registers?.reduce((mask, { register }) => mask | bit(register), 0);
    const { reads, writes } = effectOf(insn);
    const known = knownHalves(facts, proof.farPointers === true);
    // Of what a call reads the proof knows better.
    const read = (insn.kind === 'call' && listed !== undefined ? listed : reads) & ~settled;
    whole |= read & ~known & ~halvesOf(insn);
    settled |= whole | known | writes;
  }
  return { whole, settled };
}

/** By block: mask of the registers that are in 32-bit locals where it begins. */
export function halfRegisters({ cfg, insns }: Pick<Code, 'cfg' | 'insns'>, proof: Proof): Uint16Array {
  const half = new Uint16Array(cfg.blocks.length);
  if (proof.mode !== 'verified') return half;
  const first = cfg.blocks.map(({ start, end }) => firstUses(insns, proof, start, end));
  const whole = new Uint16Array(cfg.blocks.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = cfg.order.length - 1; index >= 0; index--) {
      const block = cfg.order[index] ?? 0;
      const use = first[block] ?? { whole: 0, settled: 0 };
      const after = (cfg.blocks[block]?.successors ?? []).reduce(
        (mask, next) => mask | (whole[next] ?? 0),
        0,
      );
      const before = use.whole | (after & ~use.settled);
      if (before === whole[block]) continue;
      whole[block] = before;
      changed = true;
    }
  }
  // The function's parameters are whole, and so is the frame pointer.
  for (let block = 1; block < half.length; block++)
    half[block] = ~((whole[block] ?? 0) | FRAME_POINTER) & 0x7ff;
  return half;
}

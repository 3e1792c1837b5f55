/** How often a loop runs, where that can be read off: a register that counts from a constant to a constant. */
import type { Cfg, Edge } from '../../isa/cfg.ts';
import { dominates } from '../../isa/dominators.ts';
import type { AluInsn, Insn, JumpInsn, JumpOp } from '../../isa/insn.ts';
import type { Proof } from '../../verifier/proof.ts';
import { effectOf } from '../../verifier/static/registers.ts';

export interface Loop {
  readonly header: number;
  /** The one block that jumps back. */
  readonly latch: number;
  readonly blocks: ReadonlySet<number>;
}

export interface Trips {
  /** How often the header runs, each time the loop is entered. */
  readonly count: number;
  /** The block whose jump decides: the loop is left there after the last time, and goes on there before. */
  readonly decider: number;
  /** The decider's successor in the loop. */
  readonly stay: number;
}

type Insns = readonly (Insn | undefined)[];

/** Loops that run longer are not worth the counting. */
const MOST = 4096;
/** Blocks before the loop that are searched for the first value. */
const SEARCHED = 6;

const TAKEN: Readonly<Record<JumpOp, (a: bigint, b: bigint, signed: (x: bigint) => bigint) => boolean>> = {
  jeq: (a, b) => a === b,
  jne: (a, b) => a !== b,
  jgt: (a, b) => a > b,
  jge: (a, b) => a >= b,
  jlt: (a, b) => a < b,
  jle: (a, b) => a <= b,
  jset: (a, b) => (a & b) !== 0n,
  jsgt: (a, b, signed) => signed(a) > signed(b),
  jsge: (a, b, signed) => signed(a) >= signed(b),
  jslt: (a, b, signed) => signed(a) < signed(b),
  jsle: (a, b, signed) => signed(a) <= signed(b),
};

const writes = (insn: Insn | undefined, register: number): boolean =>
  insn !== undefined && (effectOf(insn, () => undefined).writes & (1 << register)) !== 0;

/** Slots of a block that write a register. */
function writers({ blocks }: Cfg, insns: Insns, block: number, register: number): number[] {
  const { start, end } = blocks[block] ?? { start: 0, end: 0 };
  const slots: number[] = [];
  for (let slot = start; slot < end; slot++) if (writes(insns[slot], register)) slots.push(slot);
  return slots;
}

/** The constant that an instruction puts into its register. */
function constantOf(insn: Insn | undefined): bigint | undefined {
  if (insn?.kind === 'lddw' && insn.pseudo === 0) {
    return BigInt.asUintN(64, (BigInt(insn.hi) << 32n) | BigInt(insn.lo >>> 0));
  }
  if (insn?.kind !== 'alu' || insn.op !== 'mov' || insn.src !== undefined) return undefined;
  return BigInt.asUintN(insn.width, BigInt(insn.imm));
}

/** What a register holds when the loop is entered. */
function firstValue(cfg: Cfg, insns: Insns, loop: Loop, register: number): bigint | undefined {
  let block = loop.header;
  for (let searched = 0; searched < SEARCHED; searched++) {
    const before: number[] = (cfg.blocks[block]?.predecessors ?? []).filter(
      (from) => (cfg.position[from] ?? -1) >= 0 && !loop.blocks.has(from),
    );
    const [only, ...others] = before;
    if (only === undefined || others.length > 0) return undefined;
    const last = writers(cfg, insns, only, register).at(-1);
    if (last !== undefined) return constantOf(insns[last]);
    block = only;
  }
  return undefined;
}

/** Where the loop counts. */
interface Counter {
  readonly block: number;
  readonly step: bigint;
  readonly width: 32 | 64;
}

const isStep = (insn: Insn | undefined): insn is AluInsn & { readonly imm: number } =>
  insn?.kind === 'alu' && insn.op === 'add' && insn.src === undefined;

/** The only write of a register in the loop, if it adds a constant once each time round. */
function counterOf(cfg: Cfg, insns: Insns, loop: Loop, register: number): Counter | undefined {
  const found = [...loop.blocks].flatMap((block) =>
    writers(cfg, insns, block, register).map((slot) => ({ block, insn: insns[slot] })),
  );
  const [only, ...others] = found;
  if (only === undefined || others.length > 0 || !isStep(only.insn)) return undefined;
  if (!dominates(cfg.dominators, only.block, loop.latch)) return undefined;
  return { block: only.block, step: BigInt(only.insn.imm), width: only.insn.width };
}

/** What the jump compares with, when that is a constant. */
function limitOf(insn: JumpInsn, proof: Proof, slot: number): bigint | undefined {
  if (insn.src === undefined) return BigInt(insn.imm);
  const scalar = proof.facts.get(slot)?.registers?.find(({ register }) => register === insn.src)?.scalar;
  return scalar?.mask === 0n ? scalar.value : undefined;
}

/** Runs nothing but the counter. */
function countTrips(
  insn: JumpInsn,
  first: bigint,
  limit: bigint,
  { step, width }: Counter,
  { counts, leavesWhenTaken }: { counts: 'before' | 'after'; leavesWhenTaken: boolean },
): number | undefined {
  const cut = (value: bigint): bigint => BigInt.asUintN(insn.width, value);
  const signed = (value: bigint): bigint => BigInt.asIntN(insn.width, value);
  let value = first;
  for (let trip = 1; trip <= MOST; trip++) {
    const next = BigInt.asUintN(width, value + step);
    const tested = counts === 'before' ? next : value;
    if (TAKEN[insn.op](cut(tested), cut(limit), signed) === leavesWhenTaken) return trip;
    value = next;
  }
  return undefined;
}

function tripsAt(cfg: Cfg, insns: Insns, proof: Proof, loop: Loop, decider: number): Trips | undefined {
  const block = cfg.blocks[decider];
  const slot = (block?.end ?? 0) - 1;
  const insn = insns[slot];
  const [next, target] = block?.successors ?? [];
  if (insn?.kind !== 'jump' || next === undefined || target === undefined) return undefined;
  const leavesWhenTaken = !loop.blocks.has(target);
  if (leavesWhenTaken === !loop.blocks.has(next)) return undefined;
  if (!dominates(cfg.dominators, decider, loop.latch)) return undefined;
  const counter = counterOf(cfg, insns, loop, insn.dst);
  const limit = limitOf(insn, proof, slot);
  const first = counter && firstValue(cfg, insns, loop, insn.dst);
  if (counter === undefined || limit === undefined || first === undefined) return undefined;
  const counts = dominates(cfg.dominators, counter.block, decider) ? 'before' : 'after';
  const count = countTrips(insn, first, limit, counter, { counts, leavesWhenTaken });
  return count === undefined ? undefined : { count, decider, stay: leavesWhenTaken ? next : target };
}

/** How often the loop runs unless it is left elsewhere; undefined when that is not known. */
export function tripsOf(cfg: Cfg, insns: Insns, proof: Proof, loop: Loop): Trips | undefined {
  for (const block of loop.blocks) {
    const trips = tripsAt(cfg, insns, proof, loop, block);
    if (trips !== undefined) return trips;
  }
  return undefined;
}

const isBackTo =
  (header: number) =>
  (edge: Edge): boolean =>
    edge.to === header;

/** The loop of a header, when one block alone jumps back to it; `innermost` as findLoops gives it. */
export function loopOf(cfg: Cfg, innermost: Int32Array, header: number): Loop | undefined {
  const [back, ...others] = cfg.backEdges.filter(isBackTo(header));
  if (back === undefined || others.length > 0) return undefined;
  const blocks = new Set<number>();
  innermost.forEach((of, block) => {
    if (of === header) blocks.add(block);
  });
  return { header, latch: back.from, blocks };
}

/** How often a loop runs, where that can be told: registers that count from constants to constants. */
import type { Cfg, Edge } from '../../isa/cfg.ts';
import { dominates } from '../../isa/dominators.ts';
import type { AluOp, Insn, JumpInsn, Operand } from '../../isa/insn.ts';
import { effectOf } from '../../verifier/static/registers.ts';
import type { BinaryName } from '../builder.ts';
import { COMPARISONS } from '../comparisons.ts';
import { FOLDS } from './constants.ts';

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

/** What loops count with, beside moves; after anything else a register is not known. */
const COUNTING: { readonly [Op in AluOp]?: BinaryName } = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  and: 'and',
  or: 'or',
};

/** Registers whose value is known, as unsigned 64-bit numbers. */
type Known = Map<number, bigint>;

const cut = (value: bigint, width: 32 | 64): bigint => BigInt.asUintN(width, value);

/** Of the low `width` bits of both, cut to as many. */
function computed(name: BinaryName, a: bigint, b: bigint, width: 32 | 64): bigint | undefined {
  const result = FOLDS[name](cut(a, width), cut(b, width), width);
  return result === undefined ? undefined : cut(result, width);
}

function operandOf(known: Known, { src, imm }: Operand): bigint | undefined {
  return src === undefined ? BigInt(imm) : known.get(src);
}

/** The value that an instruction gives its register. */
function resultOf(known: Known, insn: Insn): bigint | undefined {
  if (insn.kind === 'lddw' && insn.pseudo === 0) return (BigInt(insn.hi) << 32n) | BigInt(insn.lo >>> 0);
  if (insn.kind !== 'alu') return undefined;
  const b = operandOf(known, insn);
  if (b === undefined) return undefined;
  if (insn.op === 'mov') return cut(b, insn.width);
  const [name, a] = [COUNTING[insn.op], known.get(insn.dst)];
  return name === undefined || a === undefined ? undefined : computed(name, a, b, insn.width);
}

function step(known: Known, insn: Insn): void {
  const value = resultOf(known, insn);
  const { writes } = effectOf(insn);
  for (let register = 0; register < 10; register++) {
    if ((writes & (1 << register)) === 0) continue;
    if (value === undefined) known.delete(register);
    else known.set(register, cut(value, 64));
  }
}

function run(known: Known, { blocks }: Cfg, insns: Insns, block: number): void {
  const { start, end } = blocks[block] ?? { start: 0, end: 0 };
  for (let slot = start; slot < end; slot++) {
    const insn = insns[slot];
    if (insn !== undefined) step(known, insn);
  }
}

const reachable = (cfg: Cfg, blocks: readonly number[]): number[] =>
  blocks.filter((block) => (cfg.position[block] ?? -1) >= 0);

/** What is known where the loop is entered: by the blocks before it, as long as there is one way through them. */
function knownBefore(cfg: Cfg, insns: Insns, { header, blocks }: Loop): Known {
  const way: number[] = [];
  for (let block = header; way.length < SEARCHED; ) {
    const before = reachable(cfg, cfg.blocks[block]?.predecessors ?? []).filter((from) => !blocks.has(from));
    const [only, ...others] = before;
    if (only === undefined || others.length > 0 || way.includes(only)) break;
    way.unshift(only);
    block = only;
  }
  const known: Known = new Map();
  for (const block of way) run(known, cfg, insns, block);
  return known;
}

/** Runs every time round, in this order. */
const spineOf = ({ dominators, position }: Cfg, { blocks, latch }: Loop): number[] =>
  [...blocks]
    .filter((block) => dominates(dominators, block, latch))
    .sort((a, b) => (position[a] ?? 0) - (position[b] ?? 0));

/** Mask of the registers that blocks change. */
function changedBy({ blocks }: Cfg, insns: Insns, changing: readonly number[]): number {
  let changed = 0;
  for (const block of changing) {
    const { start, end } = blocks[block] ?? { start: 0, end: 0 };
    for (let slot = start; slot < end; slot++) {
      const insn = insns[slot];
      if (insn !== undefined) changed |= effectOf(insn).writes;
    }
  }
  return changed;
}

const forget = (known: Known, changed: number): void => {
  for (const register of [...known.keys()]) if ((changed & (1 << register)) !== 0) known.delete(register);
};

/** A jump by which the loop is left. */
interface Exit {
  readonly block: number;
  readonly insn: JumpInsn;
  readonly leavesWhenTaken: boolean;
  readonly stay: number;
}

function exitOf({ blocks }: Cfg, insns: Insns, loop: Loop, block: number): Exit | undefined {
  const { end, successors } = blocks[block] ?? { end: 0, successors: [] };
  const insn = insns[end - 1];
  const [next, target] = successors;
  if (insn?.kind !== 'jump' || next === undefined || target === undefined) return undefined;
  const leavesWhenTaken = !loop.blocks.has(target);
  if (leavesWhenTaken === !loop.blocks.has(next)) return undefined;
  return { block, insn, leavesWhenTaken, stay: leavesWhenTaken ? next : target };
}

/** Whether the loop is left; undefined when that is not known. */
function leaves(known: Known, { insn, leavesWhenTaken }: Exit): boolean | undefined {
  const [a, b] = [known.get(insn.dst), operandOf(known, insn)];
  if (a === undefined || b === undefined) return undefined;
  const name = insn.op === 'jset' ? 'and' : COMPARISONS[insn.op];
  return (computed(name, a, b, insn.width) !== 0n) === leavesWhenTaken;
}

/** How often the loop runs unless it is left elsewhere, by running what it counts with; undefined when that is not known. */
export function tripsOf(cfg: Cfg, insns: Insns, loop: Loop): Trips | undefined {
  const spine = spineOf(cfg, loop).map((block) => ({ block, exit: exitOf(cfg, insns, loop, block) }));
  const known = knownBefore(cfg, insns, loop);
  const onSpine = new Set(spine.map(({ block }) => block));
  const beside = [...loop.blocks].filter((block) => !onSpine.has(block));
  const changed = changedBy(cfg, insns, beside);
  for (let count = 1; count <= MOST; count++) {
    let decided = false;
    for (const { block, exit } of spine) {
      // Blocks beside the spine may come between any two of it.
      forget(known, changed);
      run(known, cfg, insns, block);
      const left = exit && leaves(known, exit);
      if (left === true && exit !== undefined) return { count, decider: block, stay: exit.stay };
      decided ||= left !== undefined;
    }
    if (!decided) return undefined;
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

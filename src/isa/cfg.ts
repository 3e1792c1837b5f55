/** The control-flow graph of one function: basic blocks, their order, dominators and loops. */
import { WebpfError } from '../errors.ts';
import {
  type DominatorTree,
  depthFirst,
  dominates,
  dominatorTree,
  immediateDominators,
} from './dominators.ts';
import { type Insn, slotsOf } from './insn.ts';
import type { SubprogramRange } from './subprograms.ts';

export interface Block {
  /** Slot of the first instruction. */
  readonly start: number;
  /** Slot after the last instruction. */
  readonly end: number;
  /** Block indices. After a conditional jump: [next block, jump target]; once only when the two are one. */
  readonly successors: readonly number[];
  readonly predecessors: readonly number[];
}

export type UnlinkedBlock = Omit<Block, 'predecessors'>;

export interface Edge {
  readonly from: number;
  readonly to: number;
}

export interface Cfg {
  /** The function's first slot, and the slot after its last. */
  readonly start: number;
  readonly end: number;
  /** Block 0 is the entry. From buildCfg they are in slot order. */
  readonly blocks: readonly Block[];
  /** The reachable blocks in reverse postorder. */
  readonly order: Int32Array;
  /** By block: its position in `order`; -1 when unreachable. */
  readonly position: Int32Array;
  /** Of the reachable blocks. */
  readonly dominators: DominatorTree;
  /** Edges to a dominator: each closes a natural loop with `to` as its header. */
  readonly backEdges: readonly Edge[];
  /** Retreating edges into a loop that has other entries; empty when the graph is reducible. */
  readonly irreducibleEdges: readonly Edge[];
}

type Insns = readonly (Insn | undefined)[];

/** The slot a jump leads to; undefined for instructions that do not jump (and for gotox, whose targets are data). */
export function jumpTarget(insn: Insn, slot: number): number | undefined {
  return insn.kind === 'jump' || insn.kind === 'ja' || insn.kind === 'mayGoto'
    ? slot + 1 + insn.off
    : undefined;
}

/** True when the next instruction is never reached from this one. */
export function endsFlow(insn: Insn): boolean {
  return insn.kind === 'ja' || insn.kind === 'exit' || insn.kind === 'gotox';
}

const fail = (slot: number, message: string): never => {
  throw new WebpfError('bad-program', message, { stage: 'isa', insn: slot });
};

const checkTarget = (insns: Insns, range: SubprogramRange, slot: number, target: number): void => {
  const end = range.start + range.length;
  if (target < range.start || target >= end) {
    const bounds = `its function has insns ${range.start} to ${end - 1}`;
    fail(slot, `jump out of range from insn ${slot} to ${target}: ${bounds}`);
  }
  if (insns[target] === undefined)
    fail(slot, `insn ${slot}: jump into the middle of ldimm64 insn ${target - 1}`);
};

/** Marks the first slot of every block, relative to the function. */
const findLeaders = (insns: Insns, range: SubprogramRange): Uint8Array => {
  const { start, length } = range;
  const leaders = new Uint8Array(length + 1);
  leaders[0] = 1;
  for (let slot = start; slot < start + length; slot++) {
    const insn = insns[slot];
    if (insn === undefined) continue;
    const target = jumpTarget(insn, slot);
    if (target !== undefined) {
      checkTarget(insns, range, slot, target);
      leaders[target - start] = 1;
    }
    if (target !== undefined || endsFlow(insn)) leaders[slot + 1 - start] = 1;
  }
  return leaders;
};

const blockStarts = (leaders: Uint8Array, { start, length }: SubprogramRange): number[] => {
  const starts: number[] = [];
  for (let index = 0; index < length; index++) if (leaders[index] === 1) starts.push(start + index);
  return starts;
};

const mapSlots = (starts: readonly number[], { start, length }: SubprogramRange): Int32Array => {
  const blockAt = new Int32Array(length);
  starts.forEach((slot, block) => {
    blockAt.fill(block, slot - start, (starts[block + 1] ?? start + length) - start);
  });
  return blockAt;
};

/** The last instruction of a block and its slot: the slot before `end`, or two before it for a wide one. */
const lastOf = (insns: Insns, end: number): { insn: Insn; slot: number } => {
  const slot = insns[end - 1] === undefined ? end - 2 : end - 1;
  const insn = insns[slot];
  if (insn === undefined || slot + slotsOf(insn) !== end)
    return fail(slot, `insn ${slot}: there is no instruction`);
  return { insn, slot };
};

const successorsOf = (insns: Insns, end: number, range: SubprogramRange, blockAt: Int32Array): number[] => {
  const { insn, slot } = lastOf(insns, end);
  const target = jumpTarget(insn, slot);
  const jump = target === undefined ? undefined : blockAt[target - range.start];
  if (endsFlow(insn)) return jump === undefined ? [] : [jump];
  if (end >= range.start + range.length) fail(slot, `insn ${slot}: last insn is not an exit or jmp`);
  const next = blockAt[end - range.start] ?? 0;
  return jump === undefined || jump === next ? [next] : [next, jump];
};

const makeBlocks = (
  insns: Insns,
  range: SubprogramRange,
  starts: readonly number[],
  blockAt: Int32Array,
): UnlinkedBlock[] => {
  const ends = starts.map((_, block) => starts[block + 1] ?? range.start + range.length);
  return starts.map((start, block) => {
    const end = ends[block] ?? start;
    return { start, end, successors: successorsOf(insns, end, range, blockAt) };
  });
};

const withPredecessors = (blocks: readonly UnlinkedBlock[]): Block[] => {
  const predecessors: number[][] = blocks.map(() => []);
  blocks.forEach(({ successors }, from) => {
    for (const to of successors) predecessors[to]?.push(from);
  });
  return blocks.map((block, index) => ({ ...block, predecessors: predecessors[index] ?? [] }));
};

/** Edges that do not go forward in reverse postorder. */
const retreatingEdges = (blocks: readonly Block[], order: Int32Array, position: Int32Array): Edge[] => {
  const edges: Edge[] = [];
  order.forEach((from, index) => {
    for (const to of blocks[from]?.successors ?? []) {
      if ((position[to] ?? -1) <= index) edges.push({ from, to });
    }
  });
  return edges;
};

/**
 * Builds the control-flow graph of one function of a decoded program.
 *
 * @throws WebpfError 'bad-program' when a jump leaves the function or hits the second slot of a wide
 *   instruction, or when control falls off the function's end
 */
export function buildCfg({ insns }: { readonly insns: Insns }, range: SubprogramRange): Cfg {
  const { start, length } = range;
  const starts = blockStarts(findLeaders(insns, range), range);
  return linkBlocks(
    { start, end: start + length },
    makeBlocks(insns, range, starts, mapSlots(starts, range)),
  );
}

/** The graph of blocks that are known with their successors; several may be of the same slots. */
export function linkBlocks(
  { start, end }: { readonly start: number; readonly end: number },
  unlinked: readonly UnlinkedBlock[],
): Cfg {
  const blocks = withPredecessors(unlinked);
  const graph = {
    successors: blocks.map((block) => block.successors),
    predecessors: blocks.map((block) => block.predecessors),
  };
  const walk = depthFirst(graph.successors);
  const order = walk.reversePostorder;
  const position = new Int32Array(blocks.length).fill(-1);
  order.forEach((block, index) => {
    position[block] = index;
  });
  const dominators = dominatorTree(immediateDominators(graph, walk));
  const retreating = retreatingEdges(blocks, order, position);
  const closes = ({ from, to }: Edge): boolean => dominates(dominators, to, from);
  const backEdges = retreating.filter(closes);
  const irreducibleEdges = retreating.filter((edge) => !closes(edge));
  return {
    start,
    end,
    blocks,
    order,
    position,
    dominators,
    backEdges,
    irreducibleEdges,
  };
}

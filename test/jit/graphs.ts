/** Random control-flow graphs as programs, with an evaluator of their own. */
import type { Insn } from '../../src/isa/insn.ts';
import { alu, exit, ja, jump, mov, r } from '../interp/insns.ts';

/** Where control goes from a node: to `yes` when a bit of r0 is set, else to `no`; no successor: exit. */
export interface GraphNode {
  readonly bit: number;
  readonly successors: readonly number[];
}
export type RandomGraph = readonly GraphNode[];

/** Numbers in [0, n), by a linear congruential generator. */
export type Dice = (n: number) => number;

export const dice = (seed: number): Dice => {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
};

/** Local edges make loops that nest; far ones make graphs that do not reduce. */
const target = (roll: Dice, from: number, count: number, far: number): number =>
  roll(100) < far ? roll(count) : Math.min(count - 1, Math.max(0, from + roll(6) - 1));

const node = (roll: Dice, index: number, count: number, far: number): GraphNode => {
  const ways = roll(30) === 0 ? 0 : 1 + roll(2) + (roll(2) & roll(2));
  const successors = Array.from({ length: Math.min(ways, 2) }, () => target(roll, index, count, far));
  return { bit: roll(16), successors: index === 0 && ways === 0 ? [count - 1] : successors };
};

/** Nodes that the first one does not reach are left out, since unreachable code is refused. */
const reachable = (nodes: readonly GraphNode[]): GraphNode[] => {
  const order = new Map([[0, 0]]);
  for (const [index] of order) {
    for (const to of nodes[index]?.successors ?? []) if (!order.has(to)) order.set(to, order.size);
  }
  return [...order.keys()].map((index) => {
    const { bit, successors } = nodes[index] ?? { bit: 0, successors: [] };
    return { bit, successors: successors.map((to) => order.get(to) ?? 0) };
  });
};

/** `far`: per cent of edges that may lead anywhere. */
export const randomGraph = (roll: Dice, count: number, far: number): RandomGraph =>
  reachable(Array.from({ length: count }, (_, index) => node(roll, index, count, far)));

const STEPS = 300;
/** Slots of a node: its work, the step count, and up to four for the way on. */
const NODE_SLOTS = 7;

const wayOn = (
  { bit, successors: [yes, no] }: GraphNode,
  at: number,
  slotOf: (index: number) => number,
): Insn[] => {
  const to = (index: number, slot: number): number => slotOf(index) - slot - 1;
  if (yes === undefined) return [exit];
  if (no === undefined) return [ja(to(yes, at))];
  return [mov(7, r(0)), jump('jset', 7, 1 << bit, to(yes, at + 1)), ja(to(no, at + 2))];
};

const codeOf = (self: GraphNode, index: number, at: number, slotOf: (index: number) => number): Insn[] => [
  alu('mul', 0, 31),
  alu('add', 0, index),
  alu('sub', 6, 1),
  jump('jeq', 6, 0, slotOf(-1) - (at + 3) - 1),
  ...wayOn(self, at + 4, slotOf),
];

/** A permutation of the nodes that begins with the first. */
const layout = (roll: Dice, count: number): number[] => {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 1; index--) {
    const other = 1 + roll(index);
    [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
  }
  return order;
};

const slots = ({ successors: { length } }: GraphNode): number => NODE_SLOTS - [2, 2, 0][length]!;

/** The graph as a program whose nodes stand in random order; it ends after STEPS nodes at the latest. */
export const programOf = (graph: RandomGraph, roll: Dice): Insn[] => {
  const start = [mov(0, 1), mov(6, STEPS)];
  const order = layout(roll, graph.length);
  const slotOf = new Map<number, number>();
  let at = start.length;
  for (const index of order) {
    slotOf.set(index, at);
    at += slots(graph[index] ?? { bit: 0, successors: [] });
  }
  slotOf.set(-1, at);
  const place = (index: number): number => slotOf.get(index) ?? 0;
  const body = order.flatMap((index) => {
    const self = graph[index];
    return self ? codeOf(self, index, place(index), place) : [];
  });
  return [...start, ...body, exit];
};

/** What the program returns. */
export const evaluate = (graph: RandomGraph): bigint => {
  let r0 = 1n;
  let index = 0;
  for (let left = STEPS; ; ) {
    r0 = BigInt.asUintN(64, r0 * 31n + BigInt(index));
    left--;
    const { bit, successors } = graph[index] ?? { bit: 0, successors: [] };
    const [yes, no] = successors;
    if (left === 0 || yes === undefined) return r0;
    index = no === undefined || (r0 >> BigInt(bit)) & 1n ? yes : no;
  }
};

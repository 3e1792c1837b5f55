/** The way to the refused instruction: branches and calls, rounds of loops taken together. */
import { sourceAt } from '../../frontend/lines.ts';
import type { PathStep } from '../verification.ts';
import type { Walk } from '../walk/walk.ts';

/** Steps told, the last ones. */
const MAX_STEPS = 32;
/** Steps kept while the rounds of loops are folded; those before are only counted. */
const MAX_KEPT = 512;
/** Branches of a loop's round at most, for it to be taken for one. */
const MAX_ROUND = 12;

export interface Path {
  readonly steps: readonly PathStep[];
  /** Branches before them. */
  readonly earlier: number;
}

interface Raw {
  readonly insn: number;
  readonly to: number;
  /** Name of the function that is entered; undefined for branches. */
  readonly enters: string | undefined;
}

interface Folded extends Raw {
  count: number;
}

/** The step at a node, given the slot walked after it; undefined for what goes one way alone. */
function stepAt(walk: Walk, node: number, next: number, nextFrame: number): Raw | undefined {
  const { trace, code } = walk;
  const insn = trace.insn(node);
  const kind = code.insns[insn]?.kind;
  if (kind === 'jump' || kind === 'mayGoto') return { insn, to: next, enters: undefined };
  if (kind !== 'call' || nextFrame <= trace.frame(node)) return undefined;
  const enters = code.subprograms[code.owner[next] ?? 0]?.name ?? '';
  return { insn, to: next, enters };
}

const same = (a: Raw | undefined, b: Raw | undefined): boolean =>
  a !== undefined && b !== undefined && a.insn === b.insn && a.to === b.to;

/** Whether the last `length` steps are those before them once more. */
function isRound(folded: readonly Folded[], length: number): boolean {
  const end = folded.length;
  if (end < 2 * length) return false;
  for (let i = 1; i <= length; i++) if (!same(folded[end - i], folded[end - i - length])) return false;
  return true;
}

/** Takes the last round into the one before it. */
function foldRound(folded: Folded[], length: number): void {
  const round = folded.splice(folded.length - length);
  round.forEach((step, i) => {
    const before = folded[folded.length - length + i];
    if (before !== undefined) before.count += step.count;
  });
}

/** Adds a step, and folds it into the round it ends. */
function add(folded: Folded[], step: Raw): void {
  folded.push({ ...step, count: 1 });
  for (let length = 1; length <= MAX_ROUND; length++) {
    if (!isRound(folded, length)) continue;
    foldRound(folded, length);
    return;
  }
}

/** Steps from the start on. */
function* stepsOf(walk: Walk): Generator<Raw> {
  const nodes: number[] = [];
  for (let { node } = walk; node !== 0; node = walk.trace.previous(node)) nodes.push(node);
  // The refused instruction itself leads nowhere.
  if (nodes[0] !== undefined && walk.trace.insn(nodes[0]) === walk.insn) nodes.shift();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const after = nodes[i - 1];
    const next = after === undefined ? walk.insn : walk.trace.insn(after);
    const nextFrame = after === undefined ? walk.frame : walk.trace.frame(after);
    const step = stepAt(walk, nodes[i] ?? 0, next, nextFrame);
    if (step !== undefined) yield step;
  }
}

/** The last steps, folded, and how many there were before those kept. */
function collect(walk: Walk): { readonly folded: readonly Folded[]; readonly earlier: number } {
  const folded: Folded[] = [];
  let earlier = 0;
  for (const step of stepsOf(walk)) {
    add(folded, step);
    if (folded.length > 2 * MAX_KEPT) earlier += total(folded.splice(0, MAX_KEPT));
  }
  return { folded, earlier };
}

function toStep(walk: Walk, { insn, to, enters, count }: Folded): PathStep {
  const { lines } = walk.code.program;
  return {
    insn,
    to,
    taken: enters === undefined && to !== insn + 1,
    source: sourceAt(lines, insn),
    target: sourceAt(lines, to),
    ...(count > 1 ? { count } : {}),
    ...(enters === undefined ? {} : { enters }),
  };
}

const total = (steps: readonly Folded[]): number => steps.reduce((sum, { count }) => sum + count, 0);

/** The branches taken from the start, the last ones of them. */
export function pathOf(walk: Walk): Path {
  const { folded, earlier } = collect(walk);
  return {
    steps: folded.slice(-MAX_STEPS).map((step) => toStep(walk, step)),
    earlier: earlier + total(folded.slice(0, -MAX_STEPS)),
  };
}

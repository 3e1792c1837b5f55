/** Paths to be walked later, the last one first (push_stack and pop_stack of kernel/bpf/verifier.c). */
import { refuse, unsupported } from '../refusal.ts';
import { NOTHING_HELD, type Pending } from '../state.ts';
import type { Walk } from '../walk.ts';

/** BPF_COMPLEXITY_LIMIT_JMP_SEQ. */
const MAX_PENDING = 8192;

function refuseMany(walk: Walk): void {
  if (walk.pending.length < MAX_PENDING) return;
  refuse(`The sequence of ${walk.pending.length + 1} jumps is too complex.`, {
    hint: 'too many branches wait for each other: split the function, or join its paths',
  });
}

function saveAll(walk: Walk): number {
  walk.ops.setAllLive();
  const address = walk.memory.save(walk.parent?.address ?? 0);
  if (address !== 0) return address;
  unsupported(`the walk needs more than ${walk.rules.maxMemory} bytes of memory for its states`);
}

/**
 * Puts the current state aside, to go on with at `insn`.
 *
 * @param resume what remains to be done to it then; false when no run takes the path
 */
export function push(walk: Walk, insn: number, previous: number, resume?: () => boolean): Pending {
  refuseMany(walk);
  const address = saveAll(walk);
  if (walk.parent !== undefined) walk.parent.branches += 1;
  const { frames, holdings, parent, node, history, mayGotoDepth, unrollDepth } = walk;
  // Written out: spread, these objects take ten times as long and four times the memory.
  const pending: Pending = {
    frames,
    holdings,
    parent,
    node,
    history,
    mayGotoDepth,
    unrollDepth,
    address,
    insn,
    previous,
    resume,
  };
  walk.pending.push(pending);
  return pending;
}

/** Puts aside a changed copy of the current state, which itself stays as it is. */
export function pushChanged(walk: Walk, insn: number, change: () => void, resume?: () => boolean): void {
  const unchanged = saveAll(walk);
  change();
  push(walk, insn, walk.insn, resume);
  walk.ops.restore(unchanged);
  walk.ops.drop(unchanged);
}

/** A path that begins with nothing: `setUp` makes its state. */
export function pushFresh(walk: Walk, insn: number, previous: number, setUp: () => boolean): void {
  refuseMany(walk);
  walk.pending.push({
    address: saveAll(walk),
    insn,
    previous,
    resume: setUp,
    frames: [],
    holdings: NOTHING_HELD,
    parent: undefined,
    node: 0,
    history: 0,
    mayGotoDepth: 0,
    unrollDepth: 0,
  });
}

/** Makes a state that was put aside the current one. */
export function restore(walk: Walk, pending: Pending): void {
  walk.ops.restore(pending.address);
  walk.ops.drop(pending.address);
  walk.frames = pending.frames;
  walk.holdings = pending.holdings;
  walk.parent = pending.parent;
  walk.node = pending.node;
  walk.history = pending.history;
  walk.mayGotoDepth = pending.mayGotoDepth;
  walk.unrollDepth = pending.unrollDepth;
  walk.insn = pending.insn;
  walk.previous = pending.previous;
}

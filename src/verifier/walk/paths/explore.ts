/**
 * States kept to compare with: a path that comes to a state like one found safe need not be walked again
 * (is_state_visited of kernel/bpf/verifier.c, whose heuristics decide which states are worth keeping).
 */
import { COMPARE_EXACT, COMPARE_PRECISE, COMPARE_WITHIN } from '../../../abi/state.ts';
import { CHECKPOINT, JUMP, PRUNE } from '../../static/points.ts';
import { isActiveIteration } from '../calls/iterators.ts';
import { refuse, unsupported } from '../refusal.ts';
import type { Checkpoint, Common, Frame, Holdings, Pending } from '../state.ts';
import type { Walk } from '../walk.ts';
import { type Located, Loops, slotIn } from './loops.ts';
import { restore } from './pending.ts';
import { inheritPrecision } from './precision.ts';

const MAX_HISTORY = 40;
/** BPF_COMPLEXITY_LIMIT_STATES: states of one instruction kept for users without CAP_BPF. */
const MAX_UNPRIVILEGED_STATES = 64;
const sameFrame = (a: Frame, b: Frame): boolean =>
  a.callsite === b.callsite &&
  a.subprogram === b.subprogram &&
  (a.callback === undefined) === (b.callback === undefined);

const sameChain = (old: Common, now: Common): boolean =>
  old.frames.length === now.frames.length &&
  old.frames.every((frame, index) => sameFrame(frame, now.frames[index] as Frame));

export class Explored {
  readonly #walk: Walk;
  /** By slot, then by the call that the current frame came from. */
  readonly #states: (Map<number, Checkpoint[]> | undefined)[] = [];
  readonly #loops: Loops;
  #lastJumps = 0;
  #lastProcessed = 0;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#loops = new Loops(walk);
  }

  /** Whether all that can follow the current state has been walked; otherwise it may be kept for later ones. */
  isKnown(): boolean {
    const walk = this.#walk;
    const points = walk.code.points[walk.insn] ?? 0;
    if ((points & PRUNE) === 0) return false;
    this.#setLive(walk);
    const forced = (points & CHECKPOINT) !== 0 || walk.rules.stateFreq || walk.history > MAX_HISTORY;
    const decision = { forced, keep: forced || (this.#sinceJumps >= 2 && this.#sinceProcessed >= 8) };
    const states = this.#statesHere();
    walk.mostStates = Math.max(walk.mostStates, states.length);
    this.#clean(states);
    // By position: states may be evicted on the way.
    for (let i = 0; i < states.length; ) {
      const state = states[i] as Checkpoint;
      if (this.#matches(state, decision)) {
        state.hits += 1;
        return true;
      }
      if (decision.keep) state.misses += 1;
      if (this.#isUseless(state, points)) this.#evict(states, i);
      else i += 1;
    }
    const isFull = !walk.rules.capable && states.length > MAX_UNPRIVILEGED_STATES;
    if (decision.keep && !isFull) this.#keep(states);
    return false;
  }

  /** The path put aside last is the only one: it becomes the current one again. */
  takeBack(pending: Pending): void {
    const walk = this.#walk;
    walk.pending.pop();
    const { insn, previous } = walk;
    restore(walk, pending);
    walk.insn = insn;
    walk.previous = previous;
    if (walk.parent !== undefined) walk.parent.branches -= 1;
  }

  /** A path from the state is walked to its end. */
  finish(from: Checkpoint | undefined): void {
    for (let state = from; state !== undefined; ) {
      state.branches -= 1;
      if (state.branches > 0) return;
      this.#loops.leave(state);
      const { parent } = state;
      if (state.isEvicted) this.#dispose(state);
      state = parent;
    }
  }

  get #sinceJumps(): number {
    return this.#walk.jumps - this.#lastJumps;
  }
  get #sinceProcessed(): number {
    return this.#walk.processed - this.#lastProcessed;
  }

  #statesHere(): Checkpoint[] {
    const { insn, top } = this.#walk;
    let byCall = this.#states[insn];
    if (byCall === undefined) {
      byCall = new Map();
      this.#states[insn] = byCall;
    }
    let states = byCall.get(top.callsite);
    if (states === undefined) {
      states = [];
      byCall.set(top.callsite, states);
    }
    return states;
  }

  #setLive(state: Located): void {
    const { memory, code } = this.#walk;
    for (let frame = 0; frame < state.frames.length; frame++) {
      memory.setLive(frame, code.live[slotIn(state, frame)] ?? 0x7ff);
    }
  }

  #clean(states: readonly Checkpoint[]): void {
    const walk = this.#walk;
    for (const state of states) {
      if (state.branches > 0 || state.isClean || !sameChain(state, walk) || this.#loops.isOpen(state))
        continue;
      walk.ops.clean(state.address);
      state.isClean = true;
    }
  }

  #covers(state: Checkpoint, how: number): boolean {
    const walk = this.#walk;
    if (!sameChain(state, walk)) return false;
    // Callbacks that were gone through more often before may have reached a limit the current path has not.
    if (state.frames.some((frame, i) => frame.callbackDepth > (walk.frames[i]?.callbackDepth ?? 0)))
      return false;
    const mode = how === COMPARE_PRECISE && !walk.rules.capable ? COMPARE_WITHIN : how;
    return (
      walk.ops.covered(state.address, mode, walk.rules.leaks ? 1 : 0, walk.rules.likeLinux ? 0 : 1) !== 0 &&
      sameHoldings(walk, state.holdings, walk.holdings)
    );
  }

  #matches(state: Checkpoint, decision: { readonly forced: boolean; keep: boolean }): boolean {
    if (state.branches > 0) return this.#matchesOpen(state, decision);
    const isOpen = this.#loops.isOpen(state);
    if (!this.#covers(state, isOpen ? COMPARE_WITHIN : COMPARE_PRECISE)) return false;
    this.#inherit(state, isOpen);
    return true;
  }

  /** A state on the current path itself: the program goes in circles. */
  #matchesOpen(state: Checkpoint, decision: { readonly forced: boolean; keep: boolean }): boolean {
    const walk = this.#walk;
    const insn = walk.insnAt(walk.insn);
    const shape = walk.code.shapeOf(insn);
    if (state.frames.at(-1)?.asyncDepth !== walk.top.asyncDepth) {
      // Another entry into a function that runs later: neither a circle nor known to be safe.
    } else if (shape === 'iteratorNext' || shape === 'syncCallback') {
      const converges = shape === 'syncCallback' || isActiveIteration(walk);
      if (this.#covers(state, COMPARE_WITHIN) && converges) {
        this.#inherit(state, true);
        return true;
      }
    } else {
      if (
        insn.kind === 'mayGoto' &&
        state.mayGotoDepth !== walk.mayGotoDepth &&
        this.#covers(state, COMPARE_WITHIN)
      ) {
        this.#inherit(state, true);
        return true;
      }
      this.#refuseCircle(state);
    }
    if (!decision.forced && this.#sinceJumps < 20 && this.#sinceProcessed < 100) decision.keep = false;
    return false;
  }

  #refuseCircle(state: Checkpoint): void {
    const walk = this.#walk;
    if (state.mayGotoDepth !== walk.mayGotoDepth || state.unrollDepth !== walk.unrollDepth) return;
    if (!this.#covers(state, COMPARE_EXACT) || walk.ops.iteratorDepthsDiffer(state.address) !== 0) return;
    refuse(`infinite loop detected at insn ${walk.insn}`, {
      hint: 'let each round of the loop change a register or stack slot that its end depends on',
    });
  }

  /** What counts after the state counts on the path that came to it. */
  #inherit(state: Checkpoint, isLoop: boolean): void {
    const walk = this.#walk;
    walk.ops.inheritReads(state.address, walk.parent?.address ?? 0);
    inheritPrecision(walk, state, {
      parent: walk.parent,
      node: walk.node,
      frame: walk.frame,
      insn: walk.insn,
    });
    if (isLoop) this.#loops.addEdge(state, () => this.#snapshot());
  }

  #isUseless(state: Checkpoint, points: number): boolean {
    const patience = (points & CHECKPOINT) !== 0 && state.branches > 0 ? 64 : 3;
    return state.misses > state.hits * patience + patience;
  }

  #evict(states: Checkpoint[], index: number): void {
    const [state] = states.splice(index, 1);
    if (state === undefined) return;
    state.isEvicted = true;
    this.#walk.states -= 1;
    if (state.branches === 0) this.#dispose(state);
  }

  /** Gives back the memory of an evicted state, once no open loop leads back through it. */
  #dispose(state: Checkpoint): void {
    if (!this.#loops.keeps(state)) this.#walk.ops.drop(state.address);
  }

  /** The state at this instruction that the current path has come from, if it was kept. */
  openAt(insn: number): Checkpoint | undefined {
    return this.#open(insn)[0];
  }

  /** The same for the instruction at hand, which the current path has come by once more just now. */
  openBefore(insn: number): Checkpoint | undefined {
    return this.#open(insn).find((state) => state !== this.#walk.parent);
  }

  /** States at this instruction that the current path has come from, the latest first. */
  #open(insn: number): Checkpoint[] {
    const walk = this.#walk;
    const states = this.#states[insn]?.get(walk.top.callsite) ?? [];
    return states.filter((state) => state.branches > 0 && sameChain(state, walk));
  }

  #save(live: Located): number {
    const walk = this.#walk;
    this.#setLive(live);
    const address = walk.memory.save(walk.parent?.address ?? 0);
    if (address === 0) {
      unsupported(`the walk needs more than ${walk.rules.maxMemory} bytes of memory for its states`);
    }
    return address;
  }

  #snapshot(): Checkpoint {
    const walk = this.#walk;
    const { frames, holdings, parent, node, history, mayGotoDepth, unrollDepth, insn } = walk;
    return {
      frames,
      holdings,
      parent,
      node,
      history,
      mayGotoDepth,
      unrollDepth,
      insn,
      address: this.#save(walk),
      branches: 1,
      hits: 0,
      misses: 0,
      isClean: false,
      isEvicted: false,
    };
  }

  #keep(states: Checkpoint[]): void {
    const walk = this.#walk;
    this.#lastJumps = walk.jumps;
    this.#lastProcessed = walk.processed;
    if (walk.rules.capable) walk.ops.clearPrecision();
    const state = this.#snapshot();
    states.unshift(state);
    walk.totalStates += 1;
    walk.states += 1;
    walk.peakStates = Math.max(walk.peakStates, walk.states);
    walk.peakMemory = Math.max(walk.peakMemory, walk.ops.heapUsed() >>> 0);
    walk.parent = state;
    walk.history = 0;
    walk.ops.clearWritten();
    this.#loops.enter(state);
  }
}

/** Whether the same things are held, under ids that the comparison has found equal (refsafe). */
function sameHoldings(walk: Walk, old: Holdings, now: Holdings): boolean {
  if (old.rcu !== now.rcu || old.preempt !== now.preempt) return false;
  if (old.references.length !== now.references.length) return false;
  return old.references.every((reference, index) => {
    const other = now.references[index];
    return (
      other !== undefined &&
      reference.kind === other.kind &&
      reference.owner === other.owner &&
      walk.ops.matchIds(reference.id, other.id) !== 0
    );
  });
}

export const isJumpPoint = (walk: Walk): boolean => ((walk.code.points[walk.insn] ?? 0) & JUMP) !== 0;

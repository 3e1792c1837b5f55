/** Open loops: what counts after a state that paths lead back to is known when all of them were walked. */

import type { Checkpoint, Common } from '../state.ts';
import type { Walk } from '../walk.ts';
import { inheritPrecision } from './precision.ts';

/** A path that came to a state whose own paths were not all walked: what counts there is known later. */
interface BackEdge {
  readonly to: Checkpoint;
  readonly from: Checkpoint;
}

/** One passage through a loop: from a call chain into the loop. */
interface Passage {
  /** The first checkpoint in the loop; when all its paths are walked, the passage is over. */
  entry: Checkpoint | undefined;
  readonly edges: BackEdge[];
  /** Evicted states that the edges come from. */
  readonly waiting: Checkpoint[];
}

/** The kernel gives up, too, and takes everything for precise. */
const MAX_ROUNDS = 64;

export type Located = Pick<Common, 'frames'> & { readonly insn: number };

/** Slot that a frame of a state is at: its call, or the state's instruction. */
export const slotIn = ({ frames, insn }: Located, frame: number): number =>
  frames[frame + 1]?.callsite ?? insn;

export class Loops {
  readonly #walk: Walk;
  readonly #passages = new Map<string, Passage>();

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  /** Names the passage through a loop that the state is in; undefined outside of loops. */
  #passageOf(state: Located): string | undefined {
    const { loops } = this.#walk.code;
    let chain = '';
    for (let frame = 0; frame < state.frames.length; frame++) {
      const slot = slotIn(state, frame);
      const loop = loops[slot] ?? 0;
      if (loop !== 0) return `${chain}#${loop}`;
      chain += `${slot},`;
    }
    return undefined;
  }

  #passage(state: Located): Passage | undefined {
    const name = this.#passageOf(state);
    return name === undefined ? undefined : this.#passages.get(name);
  }

  /** Whether what is read and counts after the state is not all known: paths from it lead into an open loop. */
  isOpen(state: Checkpoint): boolean {
    return (this.#passage(state)?.edges.length ?? 0) > 0;
  }

  /** A state was kept. */
  enter(state: Checkpoint): void {
    const name = this.#passageOf(state);
    if (name === undefined) return;
    const known = this.#passages.get(name);
    if (known === undefined) this.#passages.set(name, { entry: state, edges: [], waiting: [] });
    else known.entry ??= state;
  }

  /** A path has come to an open state; `from` makes a snapshot of it, where one is needed. */
  addEdge(to: Checkpoint, from: () => Checkpoint): void {
    this.#passage(to)?.edges.push({ to, from: from() });
  }

  /** Whether an open loop still leads back through the state, and takes care of it. */
  keeps(state: Checkpoint): boolean {
    const passage = this.#passage(state);
    if (passage === undefined || passage.edges.length === 0) return false;
    passage.waiting.push(state);
    return true;
  }

  /** All paths from the state are walked: where it was the entry, the passage is over. */
  leave(state: Checkpoint): void {
    const passage = this.#passage(state);
    if (passage === undefined || passage.entry !== state) return;
    passage.entry = undefined;
    this.#settle(passage);
    for (const { from } of passage.edges) this.#walk.ops.drop(from.address);
    passage.edges.length = 0;
    for (const waiting of passage.waiting) this.#walk.ops.drop(waiting.address);
    passage.waiting.length = 0;
  }

  /** Tells the paths that came round what counts after the states they came to, until nothing is new. */
  #settle({ edges }: Passage): void {
    const walk = this.#walk;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = walk.precisionMarks;
      let isNew = false;
      for (const { to, from } of edges) {
        if (walk.ops.inheritReadsPacked(to.address, from.address) !== 0) isNew = true;
        const frame = from.frames.length - 1;
        inheritPrecision(walk, to, { parent: from.parent, node: from.node, frame, insn: from.insn });
      }
      if (!isNew && walk.precisionMarks === before) return;
    }
    for (const { from } of edges) {
      for (let state = from.parent; state !== undefined; state = state.parent) {
        walk.ops.requireAllPrecise(state.address);
      }
    }
  }
}

/**
 * What every register may hold at every instruction, as bounds of a plain number: a data-flow pass over the flow
 * graph, after the walk.
 *
 * The walk's own scalars will not do for a proof. Of scalars that no decision depended on it does not look at all
 * values: a state that differs in them is taken for one that was walked. This pass joins the values of all paths, so
 * that what it says holds on each of them. From the walk it takes what does: jumps that are never taken, and where
 * the stack is accessed.
 */
import { STATE } from '../../abi/state.ts';
import { SCALAR_SIZE } from '../../abi/verifier.ts';
import type { Cfg } from '../../isa/cfg.ts';
import type { Insn, JumpInsn } from '../../isa/insn.ts';
import { JUMP_NUMBER } from '../domain.ts';
import type { StateMemory } from '../state/memory.ts';
import type { StructuredSubprogram } from '../structure.ts';
import type { Walk } from '../walk/walk.ts';
import { MAX_VALUES, type Place, placeOf, placesOf, REGISTERS } from './places.ts';
import { transfer, type Values } from './transfer.ts';

/** Visits of a block after which what still changes is given up. */
const PATIENCE = 4;
const NARROWINGS = 2;

const ROOM = (MAX_VALUES + 2) * SCALAR_SIZE;
/** The current values; a copy of them where a jump goes two ways; room for joining. */
const CURRENT = STATE;
const COPY = STATE + ROOM;
const SPARE = STATE + 2 * ROOM;

/** Called with the address of every register's value, before every instruction. */
export type Visit = (slot: number, at: (register: number) => number) => void;

class Pass {
  readonly #walk: Walk;
  readonly #memory: StateMemory;
  readonly #cfg: Cfg;
  readonly #subprogram: number;
  readonly #places: readonly Place[];
  /** Bytes of the values of one block. */
  readonly #size: number;
  /** Addresses of the values at each block's start; 0 where no path leads. */
  #entries: Int32Array;
  readonly #visits: Uint8Array;
  /** Where the values that flow into blocks are joined: the entries themselves, until they are narrowed. */
  #into: Int32Array;

  constructor(walk: Walk, { index, cfg }: StructuredSubprogram) {
    this.#walk = walk;
    this.#memory = walk.memory;
    this.#cfg = cfg;
    this.#subprogram = index;
    this.#places = placesOf(walk.facts, index, this.#insnsOf(cfg.start, cfg.end));
    this.#size = (REGISTERS + this.#places.length) * SCALAR_SIZE;
    this.#entries = new Int32Array(cfg.blocks.length);
    this.#visits = new Uint8Array(cfg.blocks.length);
    this.#into = this.#entries;
  }

  /** Bounds for every block; false when there is no memory for that. */
  run(): boolean {
    if (!this.#widen()) return false;
    for (let round = 0; round < NARROWINGS; round++) if (!this.#narrow()) return false;
    return true;
  }

  /** Joins until nothing changes. */
  #widen(): boolean {
    this.#forgetAll();
    if (!this.#flowInto(0)) return false;
    const { order } = this.#cfg;
    for (let isDone = false; !isDone; ) {
      isDone = true;
      for (const block of order) {
        if (this.#dirty.delete(block)) {
          isDone = false;
          if (!this.#through(block)) return false;
        }
      }
    }
    return true;
  }

  /** What flows into each block by what is known so far: that may be less than what was given up for a loop's sake. */
  #narrow(): boolean {
    this.#into = new Int32Array(this.#entries.length);
    this.#visits.fill(0);
    this.#forgetAll();
    if (!this.#flowInto(0)) return false;
    for (const block of this.#cfg.order) {
      if (this.#entries[block] !== 0 && !this.#through(block)) return false;
    }
    this.#dirty.clear();
    this.#entries = this.#into;
    return true;
  }

  /** Goes over all blocks once more, to look at the values. */
  visit(see: Visit): void {
    this.#cfg.blocks.forEach((_, block) => {
      if (this.#entries[block] !== 0) this.#step(block, see);
    });
  }

  readonly #dirty = new Set<number>();

  *#insnsOf(start: number, end: number): Generator<readonly [number, Insn]> {
    for (let slot = start; slot < end; slot++) {
      const insn = this.#walk.code.insns[slot];
      if (insn !== undefined) yield [slot, insn];
    }
  }

  readonly #at = (index: number): number => CURRENT + index * SCALAR_SIZE;

  #forgetAll(): void {
    for (let i = 0; i < REGISTERS + this.#places.length; i++) this.#memory.ops.setUnknown(this.#at(i));
  }

  #copy(to: number, from: number): void {
    this.#memory.bytes.copyWithin(to, from, from + this.#size);
  }

  /** The current values are among those the block may begin with. */
  #flowInto(block: number): boolean {
    const known = this.#into[block] as number;
    if (known === 0) {
      const entry = this.#memory.allocate(this.#size);
      if (entry === 0) return false;
      this.#into[block] = entry;
      this.#copy(entry, CURRENT);
      this.#dirty.add(block);
      return true;
    }
    const visits = this.#visits[block] as number;
    const widen = visits >= PATIENCE ? 1 : 0;
    const count = REGISTERS + this.#places.length;
    if (this.#memory.ops.joinScalars(known, CURRENT, count, widen, SPARE) !== 0) this.#dirty.add(block);
    return true;
  }

  #step(block: number, see?: Visit): Insn | undefined {
    const { start, end } = this.#cfg.blocks[block] ?? { start: 0, end: 0 };
    const { facts } = this.#walk;
    this.#copy(CURRENT, this.#entries[block] as number);
    let last: Insn | undefined;
    for (const [slot, insn] of this.#insnsOf(start, end)) {
      see?.(slot, this.#at);
      const place = placeOf(facts, this.#subprogram, insn, slot);
      const values: Values = { ops: this.#memory.ops, places: this.#places, at: this.#at, place };
      transfer(insn, values);
      last = insn;
    }
    return last;
  }

  #through(block: number): boolean {
    this.#visits[block] = Math.min(255, (this.#visits[block] as number) + 1);
    const last = this.#step(block);
    const { end, successors } = this.#cfg.blocks[block] ?? { end: 0, successors: [] };
    if (last?.kind !== 'jump' || successors.length < 2)
      return successors.every((next) => this.#flowInto(next));
    this.#copy(COPY, CURRENT);
    const [next = 0, target = 0] = successors;
    return this.#branch(end - 1, last, false, next) && this.#branch(end - 1, last, true, target);
  }

  /** One outcome of a jump, where it happens at all. */
  #branch(slot: number, insn: JumpInsn, taken: boolean, to: number): boolean {
    if (this.#walk.facts.taken(slot, insn) === !taken) return true;
    this.#copy(CURRENT, COPY);
    return !this.#refine(insn, taken) || this.#flowInto(to);
  }

  #refine({ op, width, dst, src, imm }: JumpInsn, taken: boolean): boolean {
    const { ops } = this.#memory;
    const [number, way] = [JUMP_NUMBER[op], taken ? 1 : 0];
    if (dst === REGISTERS || src === REGISTERS) return true;
    if (src === undefined) return ops.refineImm(number, width, way, this.#at(dst), imm) !== 0;
    return ops.refine(number, width, way, this.#at(dst), this.#at(src)) !== 0;
  }
}

/**
 * Shows the values of every register at every instruction that some path reaches. The walk must have ended: its
 * memory is used anew.
 */
export function visitValues(walk: Walk, subprograms: readonly StructuredSubprogram[], see: Visit): void {
  for (const subprogram of subprograms) {
    walk.ops.resetHeap(walk.rules.maxMemory);
    const pass = new Pass(walk, subprogram);
    if (pass.run()) pass.visit(see);
  }
}

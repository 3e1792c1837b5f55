/** What the walk finds out for the proof, by slot: what is the same on all paths. */
import type { JumpInsn } from '../../isa/insn.ts';
import type { ContextPointer, Fixup } from '../proof.ts';

/** Not seen yet; paths disagree. */
export const UNSEEN = -1;
const VARIES = -2;

const TAKEN = 1;
const NOT_TAKEN = 2;

/** Registers an instruction may read: r0 to r5 at most, by position. */
const OPERANDS = 6;

export class Facts {
  readonly seen: Uint8Array;
  /** Of jumps: bit 0 taken, bit 1 not taken. */
  readonly #ways: Uint8Array;
  /** Register types by slot and position of the operand. */
  readonly #types: Int32Array;
  readonly #maps: Int32Array;
  readonly #keys: Float64Array;
  readonly #offsets: Int32Array;
  readonly depths: Map<number, number> = new Map();
  /** Slots whose address escapes, by function. */
  readonly escapes: Map<number, Set<number>> = new Map();
  /** Constants that calls are given, by slot and register. */
  readonly #fixups: Map<number, Map<number, bigint>> = new Map();
  /** Arithmetic with pointers into an arena that is done in 32 bits. */
  readonly narrow: Set<number> = new Set();
  /** Bytes of the context that are accessed, from its start. */
  contextSize = 0;
  /** Pointers that are loaded from the context, by offset. */
  readonly contextPointers: Map<number, ContextPointer> = new Map();
  /** See Proof. */
  farPointers = false;

  constructor(slots: number) {
    this.seen = new Uint8Array(slots);
    this.#ways = new Uint8Array(slots);
    this.#types = new Int32Array(slots * OPERANDS).fill(UNSEEN);
    this.#maps = new Int32Array(slots).fill(UNSEEN);
    this.#keys = new Float64Array(slots).fill(UNSEEN);
    this.#offsets = new Int32Array(slots).fill(UNSEEN);
  }

  jump(slot: number, taken: boolean): void {
    this.#ways[slot] = (this.#ways[slot] as number) | (taken ? TAKEN : NOT_TAKEN);
  }

  /** Whether a jump always (or never) happens; undefined when it does either. */
  taken(slot: number, insn: JumpInsn): boolean | undefined {
    const ways = this.#ways[slot];
    if (insn.off === 0 || ways === undefined) return undefined;
    if (ways === TAKEN) return true;
    return ways === NOT_TAKEN ? false : undefined;
  }

  operand(slot: number, position: number, type: number): void {
    this.#types[slot * OPERANDS + position] = merge(this.#types[slot * OPERANDS + position], type);
  }

  operandType(slot: number, position: number): number {
    return this.#types[slot * OPERANDS + position] ?? UNSEEN;
  }

  /** A call takes this map, and the key as a number where it is known. */
  mapCall(slot: number, map: number, key: number | undefined): void {
    this.#maps[slot] = merge(this.#maps[slot], map);
    this.#keys[slot] = merge(this.#keys[slot], key ?? VARIES);
  }

  mapOf(slot: number): number | undefined {
    const map = this.#maps[slot] ?? UNSEEN;
    return map < 0 ? undefined : map;
  }

  keyOf(slot: number): number | undefined {
    const key = this.#keys[slot] ?? UNSEEN;
    return key < 0 ? undefined : key;
  }

  /**
   * A call is given `value` in this register, whatever the program has there.
   *
   * @returns false where another path gives it another value: the program must then be refused
   */
  fixup(slot: number, register: number, value: bigint): boolean {
    const registers = this.#fixups.get(slot) ?? new Map<number, bigint>();
    this.#fixups.set(slot, registers);
    const before = registers.get(register);
    registers.set(register, value);
    return before === undefined || before === value;
  }

  fixupsOf(slot: number): readonly Fixup[] | undefined {
    const registers = this.#fixups.get(slot);
    return registers && [...registers].map(([register, value]) => ({ register, value }));
  }

  /**
   * A load or store of the function's own frame, at this (negative) offset from r10; undefined elsewhere.
   *
   * @returns the offset of an earlier access by the same instruction, where that differs
   */
  stackAt(slot: number, off: number | undefined): number | undefined {
    // Offsets are kept two lower, for -1 and -2 have meanings of their own.
    const before = this.stackOffset(slot);
    this.#offsets[slot] = merge(this.#offsets[slot], off === undefined ? VARIES : off - 2);
    return before === off ? undefined : before;
  }

  /** Whether the accesses of an instruction are not all at one offset. */
  stackVaries(slot: number): boolean {
    return this.#offsets[slot] === VARIES;
  }

  /** The same offset on all paths; undefined when there is none. */
  stackOffset(slot: number): number | undefined {
    const off = this.#offsets[slot] ?? UNSEEN;
    return off < VARIES ? off + 2 : undefined;
  }

  /** The context is accessed up to `end`; `pointer`: where what is loaded is one. */
  context(end: number, pointer: ContextPointer | undefined): void {
    if (end > this.contextSize) this.contextSize = end;
    if (pointer === undefined) return;
    const known = this.contextPointers.get(pointer.offset);
    if (known === undefined || known.bytes < pointer.bytes) this.contextPointers.set(pointer.offset, pointer);
  }

  /** Bytes of a buffer are accessed whose size nobody knows before a run: of the pointer that leads there. */
  bufferSize(end: number): void {
    for (const [offset, pointer] of this.contextPointers)
      if (pointer.to === 'memory' && pointer.bytes < end)
        this.contextPointers.set(offset, { ...pointer, bytes: end });
  }

  /** A function uses the stack down to `depth` bytes. */
  stack(subprogram: number, depth: number): void {
    if (depth > (this.depths.get(subprogram) ?? 0)) this.depths.set(subprogram, depth);
  }

  /** The addresses of slots `first` to `last` of a function's frame are used otherwise than by its own loads and stores. */
  escape(subprogram: number, first: number, last: number): void {
    let slots = this.escapes.get(subprogram);
    if (slots === undefined) {
      slots = new Set();
      this.escapes.set(subprogram, slots);
    }
    for (let slot = first; slot <= last; slot++) slots.add(slot);
  }
}

const merge = (known: number | undefined, now: number): number =>
  known === UNSEEN || known === now ? now : VARIES;

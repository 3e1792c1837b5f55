/** A basic block under construction: what its registers hold, what is known of memory, and its effects so far. */
import type { Size } from '../../isa/insn.ts';
import type { InsnFacts } from '../../verifier/proof.ts';
import type { LoadOp, ValueType } from '../builder.ts';
import type { Frame } from '../frame.ts';
import { mergeStore } from '../opt/stores.ts';
import type { Scope } from '../scope.ts';
import { scalarBits, setBits } from './bits.ts';
import type { Action, Effect, Store } from './effect.ts';
import type { Output } from './emit.ts';
import { KnownMemory } from './known.ts';
import { const64, isConst, load, type Piece, pinned, result, Value } from './value.ts';
import type { Values } from './values.ts';

/** Deeper expressions are cut. */
const MAX_DEPTH = 24;
const REGISTERS = 11;

const LOADS: Readonly<Record<Size, LoadOp>> = {
  1: 'i64.load8_u',
  2: 'i64.load16_u',
  4: 'i64.load32_u',
  8: 'i64.load',
};

/** What a block leaves to the only block that follows it on some edge: the values of registers as far as they are known. */
export type Ending = readonly Value[];

export class Flow {
  readonly scope: Scope;
  readonly frame: Frame;
  readonly values: Values;
  readonly effects: Effect[] = [];
  readonly memory = new KnownMemory();
  readonly #registers: Value[];
  /** By register: the instruction that has set it. */
  readonly #setAt: (number | undefined)[] = [];
  readonly #cells = new Map<number, Value>();
  #slot = 0;

  /** @param half mask of the registers that are in 32-bit locals where the block begins */
  constructor(scope: Scope, frame: Frame, before: Ending | undefined, half: number) {
    this.scope = scope;
    this.frame = frame;
    this.values = scope.values;
    this.#registers = Array.from({ length: REGISTERS }, (_, register) =>
      this.#entry(register, (half & (1 << register)) !== 0, before?.[register]),
    );
    this.#registers[10] = frame.pointer(this.values);
  }

  /** The instruction that is lowered. */
  get slot(): number {
    return this.#slot;
  }

  /** What is made from now on belongs to the instruction in this slot. */
  at(slot: number): void {
    this.#slot = slot;
    this.values.slot = slot;
  }

  reg(register: number): Value {
    return this.#registers[register] ?? const64(0n);
  }

  /** The low half, as i32. */
  low(register: number): Value {
    return this.values.wrap(this.reg(register));
  }

  set(register: number, value: Value): void {
    this.#setAt[register] = this.#slot;
    this.#registers[register] = value.depth > MAX_DEPTH ? this.pin(value) : value;
  }

  /** 32-bit results are zero-extended (RFC 9669, section 4.1). */
  setLow(register: number, value: Value): void {
    this.set(register, this.values.extend(value));
  }

  /** What the verifier knows of the numbers that the next instruction reads. */
  learn(facts: InsnFacts | undefined): void {
    for (const { register, scalar } of facts?.registers ?? []) {
      if (scalar === undefined) continue;
      const value = this.reg(register);
      if (scalar.mask === 0n) {
        if (!isConst(value)) this.#registers[register] = const64(scalar.value);
      } else if (value.op !== 'const') {
        setBits(value, scalarBits(scalar));
      }
    }
  }

  /** Computes a value here and not where it is used. */
  pin(value: Value): Value {
    const made = pinned(value);
    this.effects.push({ kind: 'place', slot: this.slot, values: [made] });
    return made;
  }

  /** Statements of which nothing comes. */
  act(operands: readonly Value[], emit: Action['emit']): void {
    this.effects.push({ kind: 'action', slot: this.slot, operands, result: undefined, emit });
  }

  /** Statements that put a value into a local. */
  result(type: ValueType, operands: readonly Value[], emit: Action['emit']): Value {
    const value = result(type);
    this.effects.push({ kind: 'action', slot: this.slot, operands, result: value, emit });
    return value;
  }

  /** Unchecked load, zero-extended. */
  load(piece: Piece): Value {
    const known = this.scope.unit.uses('forward') ? this.memory.find(piece) : undefined;
    if (known !== undefined) return this.#part(known.value, known.shift, piece.size);
    const { address, offset } = this.frame.address(this.values, piece);
    const { epoch } = this.memory;
    const siblings: Value[] = [];
    const value = load({ op: LOADS[piece.size], piece, offset, epoch, siblings }, address);
    value.slot = this.slot;
    this.effects.push({ kind: 'place', slot: this.slot, values: siblings });
    this.memory.loaded(piece, value);
    return value;
  }

  /** Unchecked store of the low `size` bytes. */
  store(piece: Piece, value: Value): void {
    const { address, offset } = this.frame.address(this.values, piece);
    const store: Store = { kind: 'store', slot: this.slot, piece, address, offset, value };
    this.memory.stored(piece, this.truncated(value, piece.size));
    if (this.scope.unit.uses('stores') && mergeStore(this.values, this.effects, store)) return;
    this.effects.push(store);
  }

  /** A promoted piece of the stack. */
  cell(local: number): Value {
    const known = this.#cells.get(local);
    if (known !== undefined) return known;
    const value = new Value('local', 'i64', { index: local });
    this.#cells.set(local, value);
    return value;
  }

  setCell(local: number, value: Value): void {
    this.#cells.set(local, value.depth > MAX_DEPTH ? this.pin(value) : value);
  }

  /**
   * What the locals must hold at the block's end, where they do not yet. Masks of the registers read later: as a
   * whole, and their low halves.
   */
  outputs({ whole, half }: Leaving): Output[] {
    const outputs: Output[] = [];
    const add = (local: number, value: Value, slot?: number): void => {
      if (value.op !== 'local' || value.index !== local) outputs.push({ local, value, slot });
    };
    for (let register = 0; register < 10; register++) {
      const value = this.reg(register);
      const slot = this.#setAt[register];
      if ((whole & (1 << register)) !== 0) add(this.frame.register(register), value, slot);
      if ((half & (1 << register)) !== 0) add(this.frame.half(register), this.values.narrow(value), slot);
    }
    for (const [local, value] of this.#cells) add(local, value);
    return outputs;
  }

  /** A register where the block begins. Constants need no local. */
  #entry(register: number, isHalf: boolean, before: Value | undefined): Value {
    // A value of this block's own, as all that is made of it.
    if (before !== undefined && isConst(before)) return const64(before.constant);
    const index = isHalf ? this.frame.half(register) : this.frame.register(register);
    const value = new Value('local', isHalf ? 'i32' : 'i64', { index });
    if (before !== undefined) setBits(value, isHalf ? { low: before.low, high: 0 } : before);
    return isHalf ? this.values.extend(value) : value;
  }

  ending(): Ending {
    return this.#registers;
  }

  #part(value: Value, shift: number, size: Size): Value {
    return this.truncated(this.values.binary('shr_u', 'i64', value, const64(BigInt(shift))), size);
  }

  /** Value of `size` bytes as a load gives it. */
  truncated(value: Value, size: Size): Value {
    if (size === 8) return value;
    if (size === 4) return this.values.extend(this.values.wrap(value));
    return this.values.binary('and', 'i64', value, const64(size === 1 ? 0xffn : 0xffffn));
  }
}

/** Masks of the registers that are read behind a block. */
export interface Leaving {
  readonly whole: number;
  readonly half: number;
}

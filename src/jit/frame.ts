/** The registers and the stack of one function as WebAssembly locals; an inlined function has a frame of its own. */
import type { Size } from '../isa/insn.ts';
import type { Expr, ValueType } from './builder.ts';
import type { Cell } from './opt/stack.ts';
import type { Scope } from './scope.ts';
import { const64, isConst, local, numberOf, type Piece, type Value } from './ssa/value.ts';
import type { Values } from './ssa/values.ts';

/** Offsets of load and store instructions stay below: no valid address minus so much is negative (HEAP_START). */
const MAX_OFFSET = 0x8000;
const FRAME_POINTER = 10;

export interface FrameLocals {
  /** By register; that of r10 is the frame pointer of the WebAssembly function. */
  readonly registers: readonly number[];
  /** Makes a local. */
  readonly local: (type: ValueType) => number;
  /** Holds the lowest address of all frames of the function (an i32), `span` bytes below its r10. */
  readonly base: () => number;
  readonly span: number;
  /** Promoted pieces of the stack by the access (see `cellKey`). */
  readonly cells: ReadonlyMap<number, Cell>;
  /** Bytes that r10 is below that of the WebAssembly function. */
  readonly below: number;
  /** Where an inlined function goes on, and the local for its r0; undefined where exit is a return. */
  readonly leave: { readonly label: string; readonly result: number } | undefined;
  /** In front of the labels of its blocks. */
  readonly prefix: string;
}

export class Frame {
  readonly #locals: FrameLocals;
  readonly #halves = new Map<number, number>();

  constructor(locals: FrameLocals) {
    this.#locals = locals;
  }

  get prefix(): string {
    return this.#locals.prefix;
  }

  get below(): number {
    return this.#locals.below;
  }

  get leave(): FrameLocals['leave'] {
    return this.#locals.leave;
  }

  register(register: number): number {
    return this.#locals.registers[register] ?? 0;
  }

  /** Statements that end the function with r0 = 0. */
  end({ b }: Scope): Expr[] {
    const { leave } = this;
    if (leave === undefined) return [b.return(b.const64(0n))];
    return [b.set(leave.result, b.const64(0n)), b.br(leave.label)];
  }

  /** The i32 local of a register, for where its high half is known. */
  half(register: number): number {
    const known = this.#halves.get(register);
    if (known !== undefined) return known;
    const made = this.#locals.local('i32');
    this.#halves.set(register, made);
    return made;
  }

  cell(key: number): Cell | undefined {
    return this.#locals.cells.get(key);
  }

  /** r10 at the start of a block. */
  pointer(values: Values): Value {
    const top = local(this.register(FRAME_POINTER), 'i64');
    return this.below === 0 ? top : values.binary('add', 'i64', top, const64(BigInt(-this.below)));
  }

  /** The piece of memory at `register + off`: constants that were added before are in the offset. */
  piece(value: Value, off: number, size: Size, kind: string | undefined): Piece {
    const added = value.op === 'i64.add' && isConst(value.b) ? numberOf(value.b) : Number.NaN;
    return value.a === undefined || Number.isNaN(added)
      ? { base: value, offset: off, size, kind }
      : { base: value.a, offset: off + added, size, kind };
  }

  /** Whether a piece is inside the frames, whatever the program does: r10 is read-only. */
  holds({ base, offset, size }: Piece): boolean {
    const isStack = base.op === 'local' && base.index === this.register(FRAME_POINTER);
    return isStack && offset >= -this.#locals.span && offset + size <= -this.below;
  }

  /** The address of a piece as WebAssembly takes it: an i32 and an offset that is not negative. */
  address(values: Values, piece: Piece): { address: Value; offset: number } {
    const { base, offset } = piece;
    if (this.holds(piece))
      return { address: local(this.#locals.base(), 'i32'), offset: offset + this.#locals.span };
    if (offset >= 0 && offset < MAX_OFFSET) return { address: values.narrow(base), offset };
    const sum = values.binary('add', 'i64', base, const64(BigInt(offset)));
    return { address: values.narrow(sum), offset: 0 };
  }
}

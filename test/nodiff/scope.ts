import type { Operand, Size } from '../../src/isa/insn.ts';
import type { ContextKind } from '../conformance/format.ts';
import type { Emitter, Label } from './emitter.ts';
import type { Random } from './random.ts';

/**
 * Register use of well-behaved programs: r0..r5 hold numbers, r6 and r7 count loops, r8 is the address of the
 * array map's first value, r9 the address of the memory (or packet), r10 the frame.
 */
export const SCALARS = [0, 1, 2, 3, 4, 5] as const;
export const COUNTERS = [6, 7] as const;
export const VALUE_BASE = 8;
export const MEMORY_BASE = 9;
export const FRAME = 10;

/** Bytes below r10 that every function fills at its start and uses. */
export const STACK_WINDOW = 64;

/** Index of each map that generated programs use; see generatedMaps. */
export const ARRAY_MAP = 0;
export const ARRAY_VALUE_SIZE = 64;
/** One: only then does Linux give the address of a value to the program. */
export const ARRAY_ENTRIES = 1;
export const HASH_MAP = 1;
export const HASH_VALUE_SIZE = 16;
export const PERCPU_MAP = 2;
export const QUEUE_MAP = 3;
export const PROG_MAP = 4;
export const RING_MAP = 5;

export interface Profile {
  /** Only what Linux' verifier accepts of an unprivileged-style program: no budget, no wild accesses. */
  readonly kernel: boolean;
  readonly context: ContextKind;
  /** Bytes of memory (or packet). */
  readonly memory: number;
  /** Statements of the main program, about. */
  readonly size: number;
  /** Highest trip count of a loop. */
  readonly trips: number;
}

export type FunctionKind = 'main' | 'tail' | 'function' | 'callback' | 'each';

export interface FunctionPlan {
  readonly kind: FunctionKind;
  readonly label: Label;
}

/** What a statement needs to know while it is being generated. */
export class Scope {
  readonly random: Random;
  readonly emitter: Emitter;
  readonly profile: Profile;
  readonly functions: readonly FunctionPlan[];
  /** Index of the function being generated: it may call those after it. */
  readonly index: number;
  /** Loops around the statement. */
  loops = 0;
  /** Blocks around the statement. */
  depth = 0;

  constructor(
    random: Random,
    emitter: Emitter,
    profile: Profile,
    functions: readonly FunctionPlan[],
    index: number,
  ) {
    this.random = random;
    this.emitter = emitter;
    this.profile = profile;
    this.functions = functions;
    this.index = index;
  }

  get kind(): FunctionKind {
    return this.functions[this.index]?.kind ?? 'main';
  }

  /** Whether r9 holds the address of the memory. Callbacks are not given it by the kernel's verifier. */
  get hasMemory(): boolean {
    return this.profile.memory >= 8 && !(this.profile.kernel && ['callback', 'each'].includes(this.kind));
  }

  scalar(): number {
    return this.random.pick(SCALARS);
  }

  size(): Size {
    return this.random.pick([1, 2, 4, 8] as const);
  }

  /** A number in a register, or an immediate. */
  operand(): Operand {
    return this.random.chance(0.5) ? { src: this.scalar() } : { imm: this.random.imm() };
  }

  /** Offset of a stack access. The kernel wants them aligned. */
  stackOffset(size: Size): number {
    const deep = !this.profile.kernel && this.random.chance(0.1);
    const window = deep ? 512 : STACK_WINDOW;
    const offset = -window + this.random.below(window - size + 1);
    return this.profile.kernel || this.random.chance(0.7) ? Math.floor(offset / size) * size : offset;
  }

  /** Functions that this one may call, of a kind. */
  callees(kind: FunctionKind): FunctionPlan[] {
    return this.functions.filter((plan, index) => index > this.index && plan.kind === kind);
  }

  /** Gives registers that hold addresses, or that a call has used up, numbers again. */
  refill(registers: readonly number[]): void {
    for (const dst of registers) this.emitter.mov(dst, { imm: this.random.imm() });
  }

  /** r1..r5 after a call: unreadable in the kernel, the caller's own with us. */
  afterCall(): void {
    if (this.profile.kernel || this.random.chance(0.2)) this.refill([1, 2, 3, 4, 5]);
  }
}

/** Emits a piece of program that leaves the registers in their roles. */
export type Statement = (scope: Scope) => void;

/** One function while it is lowered: its registers as WebAssembly locals, and what the module knows. */
import { RUN_FUEL } from '../abi/layout.ts';
import type { MapSpec } from '../frontend/program.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Builder, Expr, FunctionSpec, ValueType } from './builder.ts';
import type { Window } from './hints.ts';
import { FUNCTION, RUN, RUNTIME_FUNCTIONS, type RuntimeFunction } from './names.ts';
import type { Optimization } from './opt/names.ts';
import type { Values } from './ssa/values.ts';

/** What the lowering of an instruction needs to know of the module around it. */
export interface Unit {
  readonly b: Builder;
  /** Index of the program's arena among its maps; -1 where it has none. */
  readonly arena: number;
  readonly proof: Proof;
  /** Accesses are checked and the budget is spent. */
  readonly sandbox: boolean;
  /** Other threads see the memory: atomic instructions must be atomic. */
  readonly shared: boolean;
  /** What r1 of the main program points to. */
  readonly context: Window;
  /** Slots that stretches begin at, where executions are counted (see counters.ts). */
  readonly counted: ReadonlySet<number> | undefined;
  readonly values: Values;
  uses(optimization: Optimization): boolean;
  /** Some subprogram may replace the running program (a tail call), and then returns to its caller. */
  readonly tailCallsBelow: boolean;
  /** Name and slots of the function that starts at a slot. */
  functionAt(slot: number): { readonly name: string; readonly slots: number };
  /** Position of an address-taken function in the program's array of functions. */
  functionPosition(slot: number): number;
  /** Names in the module; importing on first use. */
  runtime(name: RuntimeFunction): string;
  helper(id: number): string | undefined;
  /** A kernel function, by the imm of its calls. */
  kfunc(index: number): string;
  hostHelper(): string;
  /** The runtime's check behind a write of the budget, see GUARD. */
  guard(): string;
  global(name: string): Expr;
  table(): void;
  /** The program's map of that index. */
  map(index: number): MapSpec;
  /** A label that no other call has returned. */
  label(): string;
  /** Adds a function of the module's own, unless one of that name was added before. */
  define(name: string, make: () => FunctionSpec): void;
}

/** What is found out about a function before it is lowered. */
export interface Preview {
  /** The window that the access at a slot is thought to touch (see windows.ts). */
  windowAt(slot: number): Window;
  readonly usesPacket: boolean;
  /** Sandboxed, and jumps backwards: the budget is kept in a local, since a loop through memory is slow. */
  readonly keepsFuel: boolean;
}

/** Local of each register of the function itself: r1..r5 and r10 are the parameters. */
export const REGISTER_LOCALS = [6, 0, 1, 2, 3, 4, 7, 8, 9, 10, 5] as const;
const PLAIN_LOCALS = 5; // r0, r6..r9

export class Scope {
  readonly unit: Unit;
  readonly b: Builder;
  readonly preview: Preview;
  readonly values: Values;
  readonly #scratch = new Map<string, number>();
  /** Locals of values that nobody needs any more. */
  readonly #free: Readonly<Record<ValueType, number[]>> = { i32: [], i64: [] };
  readonly #types: ValueType[] = Array.from({ length: PLAIN_LOCALS }, () => 'i64');

  constructor(unit: Unit, preview: Preview) {
    this.unit = unit;
    this.b = unit.b;
    this.preview = preview;
    this.values = unit.values;
  }

  /** Types of the locals after the parameters. */
  get locals(): readonly ValueType[] {
    return this.#types;
  }

  has(scratch: string): boolean {
    return this.#scratch.has(scratch);
  }

  /** A local of one's own. */
  local(type: ValueType): number {
    this.#types.push(type);
    return FUNCTION.params.length + this.#types.length - 1;
  }

  /** A local until it is given back. */
  take(type: ValueType): number {
    return this.#free[type].pop() ?? this.local(type);
  }

  release(local: number, type: ValueType): void {
    this.#free[type].push(local);
  }

  typeOf(local: number): ValueType {
    return this.#types[local - FUNCTION.params.length] ?? 'i64';
  }

  /** The local of that name, one for the function; contents do not survive an instruction unless its user says so. */
  scratch(name: string, type: ValueType): number {
    const known = this.#scratch.get(name);
    if (known !== undefined) return known;
    const local = this.local(type);
    this.#scratch.set(name, local);
    return local;
  }

  run(): Expr {
    return this.unit.global(RUN);
  }

  call(name: RuntimeFunction, ...operands: Expr[]): Expr {
    return this.b.call(this.unit.runtime(name), operands, RUNTIME_FUNCTIONS[name].result);
  }

  /** The local of the budget, where it is kept in one. */
  fuel(): number {
    return this.scratch('fuel', 'i64');
  }

  /** Writes the budget back: before all that reads it, may trap or leaves the function. */
  flush(): Expr[] {
    if (!this.preview.keepsFuel) return [];
    return [this.b.store('i64.store', this.run(), RUN_FUEL, this.b.get(this.fuel(), 'i64'))];
  }

  /** Reads the budget again: after calls, which may spend. */
  reload(): Expr[] {
    if (!this.preview.keepsFuel) return [];
    return [this.b.set(this.fuel(), this.b.load('i64.load', this.run(), RUN_FUEL))];
  }

  /** Ends the program. The trap unwinds in the runtime; unreachable tells WebAssembly so. */
  trap(kind: number, slot: number, value: Expr): Expr[] {
    const trap = this.call('trap', this.b.const32(kind), this.b.const32(slot), value);
    return [...this.flush(), trap, this.b.unreachable()];
  }
}

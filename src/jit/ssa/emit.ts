/** The values and effects of a basic block as WebAssembly. */
import type { BinaryOp, Expr, StoreOp, UnaryOp, ValueType } from '../builder.ts';
import type { Scope } from '../scope.ts';
import type { Effect } from './effect.ts';
import { negated } from './negate.ts';
import { swap16, swap32 } from './swap.ts';
import type { Value } from './value.ts';

/** A value that a local must hold when the block ends. */
export interface Output {
  readonly local: number;
  readonly value: Value;
  /** The instruction that puts it there. */
  readonly slot?: number | undefined;
}

export const STORES: Readonly<Record<1 | 2 | 4 | 8, StoreOp>> = {
  1: 'i64.store8',
  2: 'i64.store16',
  4: 'i64.store32',
  8: 'i64.store',
};

/** Operands of these are evaluated more than once. */
const EXPANDED = { 'i32.swap': swap32, 'i32.swap16': swap16 } as const;

/** Values that cost nothing to make again: what reads them needs no local of theirs. */
const isCheap = (value: Value): boolean => value.op === 'const' || value.op === 'local' || value.home >= 0;

export class Emitter {
  readonly #scope: Scope;
  /** Locals of the block in use. */
  readonly #taken = new Map<number, ValueType>();
  /** Locals that no later effect reads. */
  #done: number[] = [];
  /** Locals whose value at the start of the block is kept in another one now. */
  readonly #saved = new Map<number, number>();
  #out: Expr[] = [];
  readonly #end: number;
  #slot: number;

  /** @param slot the instruction that the block's end belongs to */
  constructor(scope: Scope, slot: number) {
    this.#scope = scope;
    this.#slot = slot;
    this.#end = slot;
  }

  /** Expressions made from now on belong to this instruction, or, where there is none, to the one before. */
  #at(slot: number | undefined): void {
    this.#slot = slot ?? this.#slot;
    this.#scope.b.at(this.#slot);
  }

  /** The statements of effects, in order, and then of the outputs; `condition` can be evaluated behind them. */
  block(effects: readonly Effect[], outputs: readonly Output[], condition: Value | undefined): Expr[] {
    for (const effect of effects) this.#countEffect(effect);
    for (const { value } of outputs) this.#count(value);
    if (condition !== undefined) this.#count(condition);
    for (const effect of effects) {
      this.#effect(effect);
      // Not before: what was put together for the effect is evaluated behind all that it needs.
      this.#giveBack(this.#done);
      this.#done = [];
    }
    this.#outputs(outputs, condition);
    return this.#statements();
  }

  /** Whether the value is not 0 (`wanted`), or is, as an expression behind the statements that it needs. */
  condition(value: Value, wanted: boolean): { statements: readonly Expr[]; value: Expr } {
    this.#at(this.#end);
    const opposite = wanted ? undefined : negated(value);
    const expression = this.#expr(opposite ?? value);
    const isDone = wanted || opposite !== undefined;
    const test = isDone ? expression : this.#scope.b.unary('i32.eqz', expression);
    return { statements: this.#statements(), value: test };
  }

  /** Gives the block's locals back. */
  release(): void {
    this.#giveBack([...this.#taken.keys()]);
  }

  #giveBack(locals: readonly number[]): void {
    for (const local of locals) {
      const type = this.#taken.get(local);
      if (type !== undefined) this.#scope.release(local, type);
      this.#taken.delete(local);
    }
  }

  #statements(): Expr[] {
    const statements = this.#out;
    this.#out = [];
    return statements;
  }

  #take(type: ValueType): number {
    const local = this.#scope.take(type);
    this.#taken.set(local, type);
    return local;
  }

  // ---- how often each value is used ------------------------------------------------------------------------------

  #countEffect(effect: Effect): void {
    if (effect.kind === 'action') for (const operand of effect.operands) this.#count(operand);
    if (effect.kind !== 'store') return;
    this.#count(effect.address);
    this.#count(effect.value);
  }

  #count(first: Value): void {
    const work = [first];
    for (let value = work.pop(); value !== undefined; value = work.pop()) {
      if (value.uses++ > 0) continue;
      const again = value.op in EXPANDED ? 2 : 1;
      for (let times = 0; times < again; times++) if (value.a !== undefined) work.push(value.a);
      if (value.b !== undefined) work.push(value.b);
      if (value.c !== undefined) work.push(value.c);
    }
  }

  // ---- statements ------------------------------------------------------------------------------------------------

  #effect(effect: Effect): void {
    const { b } = this.#scope;
    this.#at(effect.slot);
    if (effect.kind === 'place') {
      for (const value of effect.values) if (value.uses > 0) this.#settle(value, effect.values);
    } else if (effect.kind === 'store') {
      const address = this.#expr(effect.address);
      const value = this.#expr(effect.value);
      this.#out.push(b.store(STORES[effect.piece.size], address, effect.offset, value));
    } else {
      const operands = effect.operands.map((operand) => this.#expr(operand));
      const set = (value: Expr): Expr => b.set(this.#homeOf(effect.result), value);
      this.#out.push(...effect.emit(operands, set));
    }
  }

  #homeOf(value: Value | undefined): number {
    if (value === undefined) throw new Error('an effect without a result sets one');
    if (value.home < 0) value.home = this.#take(value.type);
    if (value.uses === 0) this.#done.push(value.home);
    return value.home;
  }

  /** Computes a value here, into a local. */
  #settle(value: Value, siblings: readonly Value[] = []): void {
    if (value.home >= 0) return;
    const outer = this.#slot;
    this.#at(value.slot);
    const expression = this.#swapped(value, siblings) ?? this.#tree(value);
    value.home = this.#take(value.type);
    this.#out.push(this.#scope.b.set(value.home, expression));
    this.#at(outer);
  }

  /** What is loaded as it is, too, is not loaded twice. */
  #swapped({ site }: Value, siblings: readonly Value[]): Expr | undefined {
    if (site?.op !== 'i64.load_swapped') return undefined;
    const plain = siblings.find((other) => other.site?.op === 'i64.load' && other.home >= 0);
    if (plain === undefined || plain.site?.piece.offset !== site.piece.offset) return undefined;
    const { b } = this.#scope;
    return b.unary('i64.swap', b.get(plain.home, 'i64'));
  }

  /** Values that are used elsewhere too come first, since registers change one by one. */
  #outputs(outputs: readonly Output[], condition: Value | undefined): void {
    const { b } = this.#scope;
    for (const { value } of outputs) if (value.uses > 1 && !isCheap(value)) this.#settle(value);
    outputs.forEach(({ local, value, slot = this.#end }, index) => {
      this.#at(slot);
      const seen = new Set<Value>();
      const isRead =
        outputs.some((other, later) => later > index && this.#reads(other.value, local, seen)) ||
        (condition !== undefined && this.#reads(condition, local, seen));
      if (isRead && !this.#saved.has(local)) this.#save(local);
      this.#out.push(b.set(local, this.#expr(value)));
    });
  }

  #save(local: number): void {
    const { b } = this.#scope;
    const type = this.#scope.typeOf(local);
    const copy = this.#take(type);
    this.#out.push(b.set(copy, b.get(local, type)));
    this.#saved.set(local, copy);
  }

  /** Whether the expression of `value` reads what a local holds at the start of the block; not so those seen. */
  #reads(value: Value, local: number, seen: Set<Value>): boolean {
    if (value.home >= 0 || seen.has(value)) return false;
    if (value.op === 'local') return value.index === local && !this.#saved.has(local);
    // Sums of sums have more paths than values.
    if (value.uses > 1) seen.add(value);
    return [value.a, value.b, value.c].some((part) => part !== undefined && this.#reads(part, local, seen));
  }

  // ---- expressions -----------------------------------------------------------------------------------------------

  #expr(value: Value): Expr {
    const { b } = this.#scope;
    if (value.op === 'const') return this.#constant(value);
    if (value.op === 'local') return b.get(this.#saved.get(value.index) ?? value.index, value.type);
    const isMade = value.home >= 0;
    if (!isMade && value.uses <= 1) return this.#operand(value);
    if (!isMade) this.#settle(value);
    if (--value.uses === 0) this.#done.push(value.home);
    return b.get(value.home, value.type);
  }

  /** The value in the middle of an expression, which goes on behind it. */
  #operand(value: Value): Expr {
    const outer = this.#slot;
    this.#at(value.slot);
    const expression = this.#tree(value);
    this.#at(outer);
    return expression;
  }

  #constant({ type, constant }: Value): Expr {
    const { b } = this.#scope;
    return type === 'i64' ? b.const64(constant) : b.const32(Number(BigInt.asIntN(32, constant)));
  }

  #tree(value: Value): Expr {
    const { b } = this.#scope;
    const { op, a, c, site } = value;
    if (a === undefined) throw new Error(`${op} is computed before its effect`);
    if (op === 'load' && site) return b.load(site.op, this.#expr(a), site.offset);
    if (op === 'pinned') return this.#expr(a);
    if (op === 'i32.swap' || op === 'i32.swap16') return this.#expand(EXPANDED[op], a);
    if (value.b === undefined) return b.unary(op as UnaryOp, this.#expr(a));
    const [first, second] = [this.#expr(a), this.#expr(value.b)];
    return c === undefined ? b.binary(op as BinaryOp, first, second) : b.select(this.#expr(c), first, second);
  }

  #expand(expand: (scope: Scope, value: () => Expr) => Expr, operand: Value): Expr {
    return expand(this.#scope, () => this.#expr(operand));
  }
}

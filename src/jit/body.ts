/** The statements of a function, written piece by piece. */
import { TRAP_UNSUPPORTED } from '../abi/traps.ts';
import type { Cfg } from '../isa/cfg.ts';
import type { Insn } from '../isa/insn.ts';
import { isDead } from '../verifier/live.ts';
import type { Expr } from './builder.ts';
import { countStretch } from './counters.ts';
import { lowerInsn } from './lower/insn.ts';
import { condition, payJump } from './lower/jump.ts';
import type { Scope } from './scope.ts';
import type { Sink } from './sink.ts';

/** A list of statements under construction, and what becomes of it. */
interface Open {
  readonly items: Expr[];
  readonly close: (items: readonly Expr[]) => Expr;
  /** Label of the block it becomes. */
  readonly label: string | undefined;
  /** The instruction that it belongs to. */
  readonly slot: number | undefined;
  /** Label its last statement jumps to, when that is an unconditional jump. */
  goesTo: string | undefined;
}

const open = (close: Open['close'], slot?: number, label?: string): Open => ({
  items: [],
  close,
  label,
  slot,
  goesTo: undefined,
});

export class Body implements Sink {
  readonly #scope: Scope;
  readonly #cfg: Cfg;
  readonly #insns: readonly (Insn | undefined)[];
  readonly #open: Open[] = [open((items) => this.#scope.b.block(undefined, items))];

  constructor(scope: Scope, cfg: Cfg, insns: readonly (Insn | undefined)[]) {
    this.#scope = scope;
    this.#cfg = cfg;
    this.#insns = insns;
  }

  /** The statements of the whole function, once everything is closed. */
  get items(): readonly Expr[] {
    return this.#open[0]?.items ?? [];
  }

  push(...items: Expr[]): void {
    const inner = this.#open.at(-1);
    if (!inner) return;
    for (const item of items) inner.items.push(item);
    inner.goesTo = undefined;
  }

  #start(block: number): number {
    return this.#cfg.blocks[block]?.start ?? 0;
  }

  /** Slot of a block's last instruction. */
  #lastInsn(block: number): number {
    const last = this.#last(block);
    return this.#insns[last] === undefined ? last - 1 : last;
  }

  /** Slot of the jump (or other last instruction, unless wide) of a block. */
  #last(block: number): number {
    return (this.#cfg.blocks[block]?.end ?? 0) - 1;
  }

  #pay(from: number, to: number): Expr[] {
    this.#scope.b.at(this.#lastInsn(from));
    return payJump(this.#scope, this.#last(from), this.#start(to));
  }

  #label(from: number, to: number): string {
    const back = (this.#cfg.position[to] ?? 0) <= (this.#cfg.position[from] ?? 0);
    return `${back ? 'loop' : 'block'}${this.#start(to)}`;
  }

  /** Whether control leaves `from` by its conditional jump (`taken`), or does not. */
  test(from: number, taken: boolean): Expr {
    const insn = this.#insns[this.#last(from)];
    const { b } = this.#scope;
    this.#scope.b.at(this.#lastInsn(from));
    const value = insn === undefined ? b.const32(0) : condition(this.#scope, insn);
    return taken ? value : b.unary('i32.eqz', value);
  }

  open(label: string, slot?: number): void {
    this.#open.push(open((items) => this.#scope.b.block(label, items), slot, label));
  }

  block(target: number): void {
    this.open(`block${this.#start(target)}`, this.#start(target));
  }

  loop(header: number): void {
    const label = `loop${this.#start(header)}`;
    this.#open.push(open((items) => this.#scope.b.loop(label, items), this.#start(header)));
  }

  when(from: number, taken: boolean, to: number): void {
    const test = this.test(from, taken);
    this.#open.push(open((items) => this.#scope.b.when(test, items), this.#lastInsn(from)));
    this.next(from, to);
  }

  /** A jump to the end of the block that ends here is left out. */
  end(): void {
    const done = this.#open.pop();
    if (!done) return;
    this.#scope.b.at(done.slot);
    if (done.label !== undefined && done.goesTo === done.label) done.items.pop();
    this.push(done.close(done.items));
  }

  code(block: number): void {
    const end = this.#last(block);
    if (isDead(this.#scope.unit.proof, this.#start(block))) {
      this.push(...this.#dead(this.#start(block)));
      return;
    }
    for (let slot = this.#start(block); slot <= end; slot++) {
      const insn = this.#insns[slot];
      if (insn === undefined) continue;
      this.#scope.b.at(slot);
      this.push(...countStretch(this.#scope, slot), ...lowerInsn(this.#scope, insn, slot));
    }
    if (this.#isIdle(block)) this.push(this.#scope.b.drop(this.test(block, true)));
  }

  /** Dead code may be such as cannot be translated. Should it be reached all the same, the run ends. */
  #dead(slot: number): Expr[] {
    return this.#scope.trap(TRAP_UNSUPPORTED, slot, this.#scope.b.const64(0n));
  }

  /** A may_goto to the next instruction: nowhere to go, but it counts. */
  #isIdle(block: number): boolean {
    const kind = this.#insns[this.#last(block)]?.kind;
    return kind === 'mayGoto' && this.#cfg.blocks[block]?.successors.length === 1;
  }

  next(from: number, to: number): void {
    this.push(...this.#pay(from, to));
  }

  goto(from: number, to: number): void {
    this.next(from, to);
    const label = this.#label(from, to);
    this.push(this.#scope.b.br(label));
    const inner = this.#open.at(-1);
    if (inner) inner.goesTo = label;
  }

  branch(from: number, taken: boolean, to: number): void {
    const label = this.#label(from, to);
    const price = this.#pay(from, to);
    const test = this.test(from, taken);
    const { b } = this.#scope;
    this.push(price.length === 0 ? b.br(label, test) : b.when(test, [...price, b.br(label)]));
  }
}

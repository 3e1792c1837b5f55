/** The statements of a function, written piece by piece. */
import { TRAP_UNSUPPORTED } from '../abi/traps.ts';
import type { Cfg } from '../isa/cfg.ts';
import type { Insn } from '../isa/insn.ts';
import { isDead } from '../verifier/live.ts';
import type { Expr } from './builder.ts';
import type { Code } from './code.ts';
import { countStretch } from './counters.ts';
import type { Frame } from './frame.ts';
import { lowerInsn } from './lower/insn.ts';
import { condition, payJump } from './lower/jump.ts';
import type { Scope } from './scope.ts';
import type { Sink } from './sink.ts';
import { Emitter } from './ssa/emit.ts';
import { type Ending, Flow, type Leaving } from './ssa/flow.ts';
import type { Value } from './ssa/value.ts';

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

export interface BodyOptions {
  /** Blocks that follow each other are written as one, where no other way leads in between. */
  readonly joins: boolean;
  /** Writes a function in place of a call, unless it is better called: the statements, with the arguments in place. */
  readonly inline: (caller: Flow, slot: number) => Inlined | undefined;
}

/** A function in place of a call: where its arguments go, and its statements, which leave r0 in the caller's local. */
export interface Inlined {
  readonly outputs: readonly { readonly local: number; readonly value: Value }[];
  readonly write: () => Expr;
}

export class Body implements Sink {
  readonly #scope: Scope;
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #cfg: Cfg;
  readonly #options: BodyOptions;
  readonly #open: Open[] = [open((items) => this.#scope.b.block(undefined, items))];
  /** By block: what its registers hold at its end. */
  readonly #endings: (Ending | undefined)[] = [];
  /** The block that the next one continues. */
  #flow: Flow | undefined;
  /** Of the block that was written last. */
  #last: { readonly emitter: Emitter; readonly condition: Value | undefined } | undefined;

  constructor(scope: Scope, frame: Frame, code: Code, options: BodyOptions) {
    this.#scope = scope;
    this.#frame = frame;
    this.#code = code;
    this.#cfg = code.cfg;
    this.#options = options;
  }

  /** The statements of the whole function, once everything is closed. */
  get items(): readonly Expr[] {
    return this.#open[0]?.items ?? [];
  }

  push(items: readonly Expr[]): void {
    const inner = this.#open.at(-1);
    if (!inner || items.length === 0) return;
    for (const item of items) inner.items.push(item);
    inner.goesTo = undefined;
  }

  #start(block: number): number {
    return this.#cfg.blocks[block]?.start ?? 0;
  }

  /** Slot of the jump (or other last instruction, unless wide) of a block. */
  #end(block: number): number {
    return (this.#cfg.blocks[block]?.end ?? 0) - 1;
  }

  /** Slot of a block's last instruction. */
  #lastInsn(block: number): number {
    const end = this.#end(block);
    return this.#code.insns[end] === undefined ? end - 1 : end;
  }

  #pay(from: number, to: number): Expr[] {
    this.#scope.b.at(this.#lastInsn(from));
    return payJump(this.#scope, this.#end(from), this.#start(to));
  }

  #label(from: number, to: number): string {
    const back = (this.#cfg.position[to] ?? 0) <= (this.#cfg.position[from] ?? 0);
    return `${this.#frame.prefix}${back ? 'loop' : 'block'}${to}`;
  }

  /** Whether control leaves the block written last by its conditional jump (`taken`), or does not. */
  test(taken: boolean): Expr {
    const { emitter, condition: value } = this.#last ?? {};
    if (emitter === undefined || value === undefined) return this.#scope.b.const32(taken ? 0 : 1);
    const { statements, value: test } = emitter.condition(value, taken);
    this.push(statements);
    return test;
  }

  open(label: string, slot?: number): void {
    this.#open.push(open((items) => this.#scope.b.block(label, items), slot, label));
  }

  block(target: number): void {
    this.open(`${this.#frame.prefix}block${target}`, this.#start(target));
  }

  loop(header: number): void {
    const label = `${this.#frame.prefix}loop${header}`;
    this.#open.push(open((items) => this.#scope.b.loop(label, items), this.#start(header)));
  }

  when(from: number, taken: boolean, to: number): void {
    const test = this.test(taken);
    this.#open.push(open((items) => this.#scope.b.when(test, items), this.#lastInsn(from)));
    this.next(from, to);
  }

  /** A jump to the end of the block that ends here is left out. */
  end(): void {
    const done = this.#open.pop();
    if (!done) return;
    this.#scope.b.at(done.slot);
    if (done.label !== undefined && done.goesTo === done.label) done.items.pop();
    this.push([done.close(done.items)]);
  }

  code(block: number): void {
    if (isDead(this.#scope.unit.proof, this.#start(block))) {
      this.push(this.#dead(this.#start(block)));
      this.#last = undefined;
      return;
    }
    const flow = this.#lower(this.#flow ?? this.#begin(block), block);
    this.#flow = this.#isContinued(block) ? flow : undefined;
    if (this.#flow === undefined) this.#finish(block, flow);
  }

  #begin(block: number): Flow {
    const before = this.#onlyPredecessor(block);
    const ending = before === undefined ? undefined : this.#endings[before];
    return new Flow(this.#scope, this.#frame, ending, this.#code.half[block] ?? 0);
  }

  /** Lowers the instructions of a block; behind an inlined call a new flow begins. */
  #lower(first: Flow, block: number): Flow {
    const { proof } = this.#scope.unit;
    let flow = first;
    for (let slot = this.#start(block); slot <= this.#end(block); slot++) {
      const insn = this.#code.insns[slot];
      if (insn === undefined) continue;
      const facts = proof.facts.get(slot);
      flow.at(slot);
      this.#count(flow);
      if (this.#scope.unit.uses('fold')) flow.learn(facts);
      const inlined = insn.kind === 'call' && insn.target === 'local' && this.#options.inline(flow, slot);
      if (inlined) flow = this.#inline(flow, slot, inlined);
      else lowerInsn(flow, insn, facts);
    }
    return flow;
  }

  #count(flow: Flow): void {
    const { slot } = flow;
    if (this.#scope.unit.counted?.has(slot) === true) flow.act([], () => countStretch(this.#scope, slot));
  }

  #inline(flow: Flow, slot: number, { outputs, write }: Inlined): Flow {
    const emitter = new Emitter(this.#scope, slot);
    const whole = (this.#code.live[slot + 1] ?? 0) & ~1;
    this.push(emitter.block(flow.effects, [...outputs, ...flow.outputs({ whole, half: 0 })], undefined));
    emitter.release();
    this.push([write()]);
    this.#scope.b.at(slot);
    return new Flow(this.#scope, this.#frame, undefined, 0);
  }

  /** Whether the block written next goes on in the same flow. */
  #isContinued(block: number): boolean {
    const [next, other] = this.#cfg.blocks[block]?.successors ?? [];
    if (!this.#options.joins || next === undefined || other !== undefined) return false;
    const isFree = !this.#scope.unit.sandbox || this.#start(next) > this.#end(block);
    // A may_goto counts, even to the next instruction.
    const counts = this.#code.insns[this.#end(block)]?.kind === 'mayGoto';
    const isAlive = !isDead(this.#scope.unit.proof, this.#start(next));
    return isFree && isAlive && !counts && this.#onlyPredecessor(next) === block;
  }

  /** The block that control comes from, when there is no other way; none for the function's first. */
  #onlyPredecessor(block: number): number | undefined {
    const { blocks, position } = this.#cfg;
    const [before, ...others] = (blocks[block]?.predecessors ?? []).filter(
      (from) => (position[from] ?? -1) >= 0,
    );
    return block === 0 || others.length > 0 ? undefined : before;
  }

  #finish(block: number, flow: Flow): void {
    const insn = this.#code.insns[this.#end(block)];
    this.#last?.emitter.release();
    const emitter = new Emitter(this.#scope, this.#lastInsn(block));
    flow.at(this.#lastInsn(block));
    const value = insn === undefined ? undefined : this.#choice(flow, insn, block);
    if (insn?.kind === 'exit') {
      this.#exit(emitter, flow);
    } else {
      this.push(emitter.block(flow.effects, flow.outputs(this.#leaving(block)), value));
    }
    this.#endings[block] = flow.ending();
    this.#last = { emitter, condition: value };
  }

  /** The condition of the jump at a block's end. A may_goto counts wherever it leads. */
  #choice(flow: Flow, insn: Insn, block: number): Value | undefined {
    const isChoice = (this.#cfg.blocks[block]?.successors.length ?? 0) > 1;
    if (insn.kind === 'mayGoto') return condition(flow, insn);
    return insn.kind === 'jump' && isChoice ? condition(flow, insn) : undefined;
  }

  #exit(emitter: Emitter, flow: Flow): void {
    const { leave } = this.#frame;
    const { b } = this.#scope;
    if (leave === undefined) {
      flow.act([flow.reg(0)], ([r0]) => [
        ...this.#scope.flush(),
        ...(r0 === undefined ? [] : [b.return(r0)]),
      ]);
      this.push(emitter.block(flow.effects, [], undefined));
      return;
    }
    const output = { local: leave.result, value: flow.reg(0) };
    this.push(emitter.block(flow.effects, [output], undefined));
    this.push([b.br(leave.label)]);
  }

  #leaving(block: number): Leaving {
    const { successors } = this.#cfg.blocks[block] ?? { successors: [] };
    let [whole, half] = [0, 0];
    for (const next of successors) {
      const live = this.#code.live[this.#start(next)] ?? 0;
      const halves = this.#code.half[next] ?? 0;
      whole |= live & ~halves;
      half |= live & halves;
    }
    return { whole, half };
  }

  /** Dead code may be such as cannot be translated. Should it be reached all the same, the run ends. */
  #dead(slot: number): Expr[] {
    return this.#scope.trap(TRAP_UNSUPPORTED, slot, this.#scope.b.const64(0n));
  }

  next(from: number, to: number): void {
    this.push(this.#pay(from, to));
  }

  goto(from: number, to: number): void {
    this.next(from, to);
    const label = this.#label(from, to);
    this.push([this.#scope.b.br(label)]);
    const inner = this.#open.at(-1);
    if (inner) inner.goesTo = label;
  }

  branch(from: number, taken: boolean, to: number): void {
    const label = this.#label(from, to);
    const price = this.#pay(from, to);
    const test = this.test(taken);
    const { b } = this.#scope;
    this.push([price.length === 0 ? b.br(label, test) : b.when(test, [...price, b.br(label)])]);
  }
}

/**
 * The way out for graphs that do not nest (irreducible ones, which clang hardly ever makes, and absurdly deep ones):
 * a loop around a br_table over the number of the block to run next. About half as fast as structured code.
 */
import { WebpfError } from '../errors.ts';
import type { Cfg } from '../isa/cfg.ts';
import { Body, type BodyOptions } from './body.ts';
import type { Expr } from './builder.ts';
import type { Code } from './code.ts';
import type { Frame } from './frame.ts';
import { payJump } from './lower/jump.ts';
import type { Scope } from './scope.ts';

/** V8 refuses longer tables. */
const MAX_CASES = 65_520;
const DISPATCH = 'dispatch';

class Dispatcher {
  readonly #scope: Scope;
  readonly #cfg: Cfg;
  readonly #body: Body;
  readonly #local: number;
  readonly #prefix: string;
  readonly #label: string;

  constructor(scope: Scope, frame: Frame, code: Code, inline: BodyOptions['inline']) {
    this.#scope = scope;
    this.#cfg = code.cfg;
    this.#body = new Body(scope, frame, code, { joins: false, inline });
    this.#local = scope.scratch(DISPATCH, 'i32');
    this.#prefix = frame.prefix;
    this.#label = `${frame.prefix}${DISPATCH}`;
  }

  write(): readonly Expr[] {
    const { b } = this.#scope;
    const blocks = Array.from(this.#cfg.order);
    for (const block of blocks.toReversed()) this.#body.open(this.#case(block));
    const labels = blocks.map((block) => this.#case(block));
    this.#body.push([b.brTable(labels, labels[0] ?? this.#label, b.get(this.#local, 'i32'))]);
    for (const block of blocks) {
      this.#body.end();
      this.#body.code(block);
      this.#leave(block);
    }
    // An inlined function may be come to again, and its local is that of others.
    return [b.set(this.#local, b.const32(0)), b.loop(this.#label, this.#body.items)];
  }

  #case(block: number): string {
    return `${this.#prefix}case${this.#cfg.position[block]}`;
  }

  #leave(block: number): void {
    const [next, target] = this.#cfg.blocks[block]?.successors ?? [];
    if (next === undefined) return;
    if (target !== undefined)
      this.#body.push([this.#scope.b.when(this.#body.test(true), this.#to(block, target))]);
    this.#body.push(this.#to(block, next));
  }

  #to(from: number, to: number): Expr[] {
    const { b } = this.#scope;
    const last = (this.#cfg.blocks[from]?.end ?? 0) - 1;
    const start = this.#cfg.blocks[to]?.start ?? 0;
    return [
      ...payJump(this.#scope, last, start),
      b.set(this.#local, b.const32(this.#cfg.position[to] ?? 0)),
      b.br(this.#label),
    ];
  }
}

/** The statements of a function in dispatch form. */
export function writeDispatch(
  scope: Scope,
  frame: Frame,
  code: Code,
  inline: BodyOptions['inline'],
): readonly Expr[] {
  const { cfg } = code;
  if (cfg.order.length > MAX_CASES) {
    const message = `the function at insn ${cfg.start} has ${cfg.order.length} blocks in an irreducible graph: at most ${MAX_CASES} can be translated`;
    throw new WebpfError('unsupported', message, { stage: 'jit', insn: cfg.start });
  }
  return new Dispatcher(scope, frame, code, inline).write();
}

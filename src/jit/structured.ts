/** Writes a reducible control-flow graph as nested blocks and loops. No recursion: graphs are as deep as programs are long. */
import type { Cfg } from '../isa/cfg.ts';
import type { Loops } from './loops.ts';
import type { Placement } from './placement.ts';
import type { Sink } from './sink.ts';

type Task = () => void;

class Writer {
  readonly #cfg: Cfg;
  readonly #loops: Loops;
  readonly #placement: Placement;
  readonly #sink: Sink;
  /** What is left to do, the next last. */
  readonly #tasks: Task[] = [];

  constructor(cfg: Cfg, loops: Loops, placement: Placement, sink: Sink) {
    this.#cfg = cfg;
    this.#loops = loops;
    this.#placement = placement;
    this.#sink = sink;
  }

  write(): void {
    this.#construct(0);
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop()) task();
  }

  /** Does `tasks` in this order before what is left. */
  #schedule(...tasks: Task[]): void {
    for (const task of tasks.toReversed()) this.#tasks.push(task);
  }

  /** A block with all that it dominates. */
  #construct(block: number): void {
    if (this.#isHeader(block)) this.#loop(block);
    else this.#chain(block);
  }

  #loop(header: number): void {
    this.#openFor(this.#placement.follows.get(header) ?? []);
    this.#schedule(
      () => this.#sink.loop(header),
      () => this.#chain(header),
      () => this.#sink.end(),
    );
  }

  /** Opens a block for each of `targets` (the last in control flow first); behind its end the target follows. */
  #openFor(targets: readonly number[]): void {
    for (const target of targets) {
      this.#sink.block(target);
      this.#schedule(
        () => this.#sink.end(),
        () => this.#construct(target),
      );
    }
  }

  /**
   * A block and those that continue it in a line. All that stands behind one of them is opened before the
   * first: blocks that begin with a block nest without end in Binaryen, others would overflow its stack.
   */
  #chain(first: number): void {
    const line = [first];
    let next = this.#heaviest(first);
    while (next !== undefined && !this.#isHeader(next)) {
      line.push(next);
      next = this.#heaviest(next);
    }
    for (const block of line) this.#openFor(this.#placement.merges.get(block) ?? []);
    const loop = next;
    if (loop !== undefined) this.#tasks.push(() => this.#loop(loop));
    for (const block of line.toReversed()) this.#tasks.push(() => this.#one(block));
  }

  #isHeader(block: number): boolean {
    return this.#loops.innermost[block] === block;
  }

  /** `to` is written where `from` ends. Not so when the edge closes a loop. */
  #continues(from: number, to: number): boolean {
    return this.#placement.inline[to] === 1 && this.#cfg.dominators.idom[to] === from;
  }

  /** The successor that goes on in line: of two, the one that dominates more, so that the other's arm is small. */
  #heaviest(block: number): number | undefined {
    const { weight } = this.#placement;
    const [a, b] = (this.#cfg.blocks[block]?.successors ?? []).filter((to) => this.#continues(block, to));
    if (a === undefined || b === undefined) return a;
    return (weight[a] ?? 0) >= (weight[b] ?? 0) ? a : b;
  }

  #one(block: number): void {
    this.#sink.code(block);
    const [next, target] = this.#cfg.blocks[block]?.successors ?? [];
    if (next === undefined) return;
    if (target === undefined) this.#leave(block, next);
    else this.#split(block, next, target);
  }

  #leave(from: number, to: number): void {
    if (this.#continues(from, to)) this.#sink.next(from, to);
    else this.#sink.goto(from, to);
  }

  #split(block: number, next: number, target: number): void {
    const line = this.#heaviest(block) ?? next;
    const taken = line === next;
    const other = taken ? target : next;
    if (!this.#continues(block, other)) {
      this.#sink.branch(block, taken, other);
      this.#leave(block, line);
      return;
    }
    this.#sink.when(block, taken, other);
    this.#schedule(
      () => this.#construct(other),
      () => this.#sink.end(),
      () => this.#leave(block, line),
    );
  }
}

/** Writes the graph, which must be reducible, to a sink. */
export function writeStructured(cfg: Cfg, loops: Loops, placement: Placement, sink: Sink): void {
  new Writer(cfg, loops, placement, sink).write();
}

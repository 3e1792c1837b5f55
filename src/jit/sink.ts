/** What a control-flow graph is written to, piece by piece in program order. Blocks by their index in the graph. */
export interface Sink {
  /** Opens a WebAssembly block behind whose end the block `target` stands. */
  block(target: number): void;
  /** Opens a loop that begins with the block `header`. */
  loop(header: number): void;
  /** Opens the statements for when the conditional jump of `from` goes to `to`: taken, or not. */
  when(from: number, taken: boolean, to: number): void;
  /** Closes what was opened last. */
  end(): void;
  /** The instructions of a block, its jump excepted. */
  code(block: number): void;
  /** Control goes on from `from` to `to`, which is written next. */
  next(from: number, to: number): void;
  /** Control goes from `from` to `to`, which stands elsewhere. */
  goto(from: number, to: number): void;
  /** As goto, when the conditional jump of `from` is (or is not) taken. */
  branch(from: number, taken: boolean, to: number): void;
}

/**
 * How deep the statements nest, seen by a recursive walk that (as Binaryen's) takes blocks that begin with a block
 * in its stride.
 */
export class NestingMeter implements Sink {
  /** Of what is open: the depth, and whether something is in it already. */
  readonly #open: { depth: number; empty: boolean }[] = [{ depth: 0, empty: true }];
  deepest = 0;

  #enter(cost: number): void {
    const outer = this.#open.at(-1);
    const depth = (outer?.depth ?? 0) + cost;
    if (outer) outer.empty = false;
    this.#open.push({ depth, empty: true });
    this.deepest = Math.max(this.deepest, depth);
  }

  #fill(): void {
    const inner = this.#open.at(-1);
    if (inner) inner.empty = false;
  }

  block(): void {
    this.#enter(this.#open.at(-1)?.empty === true ? 0 : 1);
  }

  loop(): void {
    this.#enter(1);
  }

  when(): void {
    this.#enter(1);
  }

  end(): void {
    this.#open.pop();
  }

  code(): void {
    this.#fill();
  }

  next(): void {}

  goto(): void {
    this.#fill();
  }

  branch(): void {
    this.#fill();
  }
}

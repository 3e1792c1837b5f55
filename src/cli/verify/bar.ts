import type { SingleBar } from 'cli-progress';
import type { Io } from '../io.ts';

/** Objects that are done before that need no bar. */
const PATIENCE_MS = 500;

/** A bar on stderr over the programs of an object; nothing where nobody would see it. */
export class ProgramBar {
  readonly #io: Io;
  readonly #total: number;
  readonly #start = performance.now();
  #bar: SingleBar | undefined;

  constructor(io: Io, total: number) {
    this.#io = io;
    this.#total = total;
  }

  /** Draws it, with the name of the program that is verified next. */
  async show(done: number, program: string): Promise<void> {
    const { progress } = this.#io;
    if (!progress || this.#total < 2 || performance.now() - this.#start < PATIENCE_MS) return;
    const { Presets, SingleBar } = await import('cli-progress');
    this.#bar = new SingleBar(
      // `linewrap` leaves the terminal's wrapping on: after Ctrl-C nobody would turn it on again.
      {
        format: '{bar} {value} of {total} programs, {program}',
        stream: progress as NodeJS.WriteStream,
        clearOnComplete: true,
        linewrap: true,
      },
      Presets.rect,
    );
    this.#bar.start(this.#total, done, { program });
  }

  /** Makes room for what is printed. */
  hide(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

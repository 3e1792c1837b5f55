import type { SingleBar } from 'cli-progress';
import type { CaptureBatch } from '../../index.ts';
import type { Io } from '../io.ts';

/** Captures below this are read before a bar could be seen. */
const LONG_CAPTURE = 16 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** A bar on stderr over the bytes of a long capture; nothing where nobody would see it. */
export class Progress {
  readonly #io: Io;
  readonly #passes: number;
  #bar: SingleBar | undefined;

  constructor(io: Io, passes: number) {
    this.#io = io;
    this.#passes = passes;
  }

  async update({ bytesRead, totalBytes }: CaptureBatch, pass: number): Promise<void> {
    if (totalBytes === undefined) return;
    const total = totalBytes * this.#passes;
    if (!this.#bar) await this.#start(total);
    this.#bar?.update(Math.round((pass * totalBytes + bytesRead) / MEBIBYTE));
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  async #start(total: number): Promise<void> {
    const { progress } = this.#io;
    if (!progress || total < LONG_CAPTURE) return;
    const format = '{bar} {percentage}% of {total} MiB, {eta_formatted} left';
    const { Presets, SingleBar } = await import('cli-progress');
    this.#bar = new SingleBar(
      // `linewrap` leaves the terminal's wrapping on: after Ctrl-C nobody would turn it on again.
      { format, stream: progress as NodeJS.WriteStream, clearOnComplete: true, linewrap: true },
      Presets.rect,
    );
    this.#bar.start(Math.round(total / MEBIBYTE), 0);
  }
}

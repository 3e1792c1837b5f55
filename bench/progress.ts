import { SingleBar } from 'cli-progress';

/** A line on standard error that tells what is being measured; at a terminal a bar, that goes when it is done. */
export class Progress {
  #bar: SingleBar | undefined;

  update(done: number, total: number, what: string): void {
    if (!process.stderr.isTTY) {
      process.stderr.write(`${done + 1}/${total} ${what}\n`);
      return;
    }
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({
        format: '{bar} {value}/{total} {what}',
        clearOnComplete: true,
        linewrap: true,
      });
      this.#bar.start(total, done, { what });
    }
    this.#bar.setTotal(total);
    this.#bar.update(done, { what });
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

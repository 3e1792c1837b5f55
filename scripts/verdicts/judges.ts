import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Question } from './judge.ts';
import { type Ours, unwalked } from './outcome.ts';

/** Asks a thread for verdicts, one after the other; a thread that does not answer in time is replaced. */
export class Judges {
  private readonly seconds: number;
  private thread: Worker | undefined;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  async ask(question: Question): Promise<Ours> {
    this.thread ??= new Worker(new URL('./thread.ts', import.meta.url));
    this.thread.postMessage(question);
    const signal = AbortSignal.timeout(this.seconds * 1000);
    try {
      const [ours] = (await once(this.thread, 'message', { signal })) as [Ours];
      return ours;
    } catch (error) {
      await this.close();
      if (signal.aborted)
        return unwalked('hung', `no verdict in ${this.seconds} s`, { ms: this.seconds * 1000 });
      return unwalked('crash', `the thread ended: ${(error as Error).stack}`);
    }
  }

  async close(): Promise<void> {
    await this.thread?.terminate();
    this.thread = undefined;
  }
}

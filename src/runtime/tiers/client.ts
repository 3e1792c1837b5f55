/** The thread that translates: one for the process, begun when it is needed, ended when nothing was for a while. */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
  type WorkerOptions,
} from 'node:worker_threads';
import type { Optimizer, Pending } from '../tools.ts';
import type { Job, Made } from './job.ts';

/** What Binaryen takes (some 100 MB) is given back after so long, ms. */
const IDLE = 10_000;

/** What comes over the port: which job, and what became of it. */
interface Answer {
  readonly id: number;
  readonly made: Made;
}

/**
 * The sources run as they are: the worker's file has the extension of this one, and needs the loader that this process
 * was given. What else stands there may be for the main script alone (`--input-type`).
 */
const startWorker = (options: WorkerOptions): Worker =>
  import.meta.url.endsWith('.ts')
    ? new Worker(new URL('./worker.ts', import.meta.url), options)
    : new Worker(new URL('./worker.js', import.meta.url), { ...options, execArgv: [] });

class Thread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (made: Made) => void>();
  #next = 0;
  #idle: NodeJS.Timeout | undefined;
  isOver = false;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = startWorker({ workerData: port2, transferList: [port2] });
    this.#worker.on('error', (error) => this.#fail(`the thread that translates failed: ${error.message}`));
    this.#worker.on('exit', () => this.#fail('the thread that translates has ended'));
    port1.on('message', (answer: Answer) => this.#answer(answer));
    this.#setRef(false);
  }

  start(job: Job, take: (made: Made) => void): Pending {
    clearTimeout(this.#idle);
    const id = this.#next++;
    this.#port.postMessage({ id, job });
    this.#waiting.set(id, take);
    return { ref: () => this.#setRef(true) };
  }

  poll(): void {
    for (;;) {
      const found = receiveMessageOnPort(this.#port) as { message: Answer } | undefined;
      if (found === undefined) return;
      this.#answer(found.message);
    }
  }

  #answer({ id, made }: Answer): void {
    const take = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#rest();
    take?.(made);
  }

  /** Nothing is left to do: the process may end, and so may the thread. */
  #rest(): void {
    this.#setRef(false);
    this.#idle = setTimeout(() => void this.#worker.terminate(), IDLE).unref();
  }

  #setRef(isKept: boolean): void {
    if (isKept) {
      this.#worker.ref();
      this.#port.ref();
    } else {
      this.#worker.unref();
      this.#port.unref();
    }
  }

  #fail(error: string): void {
    this.isOver = true;
    clearTimeout(this.#idle);
    this.#port.close();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const take of waiting) take({ error });
  }
}

let thread: Thread | undefined;

export const optimizer: Optimizer = {
  start: (job, take) => {
    if (thread === undefined || thread.isOver) thread = new Thread();
    return thread.start(job, take);
  },
  poll: () => thread?.poll(),
};

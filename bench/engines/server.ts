import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Candidate, Outcome } from './outcome.ts';

/** One of the programs of bench/native, asked as serve.h says. */
class Server {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<void>;
  #complaint = '';

  constructor(binary: string, args: readonly string[]) {
    this.#process = spawn(binary, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    // Writing to a process that has ended is told by the line that does not come.
    this.#process.stdin.on('error', () => {});
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text;
    });
    this.#process.on('error', ({ message }) => {
      this.#complaint += message;
    });
    this.#closed = new Promise((resolve) => {
      this.#process.once('close', () => resolve());
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error with what the process said when it has ended instead of answering */
  async run(runs: number): Promise<{ ns: number } & Outcome> {
    this.#process.stdin.write(`${runs}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      await this.#closed;
      throw new Error(this.#complaint.trim() || 'it ended without an answer');
    }
    const [ns = '', r0 = '', packet = ''] = value.split(' ');
    return { ns: Number(ns), r0: BigInt(r0), packet };
  }

  stop(): void {
    this.#process.stdin.end();
  }
}

/** @throws Error with the reason when the program does not run there */
export async function serverCandidate(binary: string, args: readonly string[]): Promise<Candidate> {
  const server = new Server(binary, args);
  const { r0, packet } = await server.run(1);
  return {
    inProcess: false,
    first: { r0, packet },
    async sample(runs) {
      return (await server.run(runs)).ns / runs;
    },
    [Symbol.dispose]: () => server.stop(),
  };
}

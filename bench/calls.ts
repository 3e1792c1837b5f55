/** What a single run from JavaScript costs beyond its program, beside the copies of the packet that it makes. */
import { emptyPrograms, frame } from './empty.ts';
import { sampled, timeOf } from './samples.ts';
import type { Timing } from './stats.ts';

export interface CallRow {
  /** Kind of context. */
  readonly name: string;
  /** Bytes of the packet. */
  readonly length: number;
  /** ns, as are all others. */
  readonly run: Timing;
  readonly retval: Timing;
  /** The packet into memory, by `set`: what both do. */
  readonly copyIn: Timing;
  /** The packet out of memory, into an array: what `run` has to do, too. */
  readonly copyOut: Timing;
}

const CALLS = 2000;
const LENGTHS = [64, 1500];

export async function* measureCalls(): AsyncGenerator<CallRow> {
  const memory = new Uint8Array(1 << 16);
  for await (const { name, object, program } of emptyPrograms()) {
    for (const length of LENGTHS) {
      const packet = frame(length);
      // The result is used, or the engine of JavaScript may leave out what makes it.
      let sum = 0;
      const timed = (call: () => number): Timing =>
        sampled(() =>
          timeOf(CALLS, () => {
            sum += call();
          }),
        );
      const row = {
        name,
        length,
        run: timed(() => program.run(packet).verdict.length),
        retval: timed(() => program.retval(packet)),
        copyIn: timed(() => {
          memory.set(packet, 4096);
          return memory[4096] ?? 0;
        }),
        copyOut: timed(() => memory.slice(4096, 4096 + length).length),
      };
      if (Number.isNaN(sum)) throw new Error('a run has given no number');
      yield row;
    }
    object[Symbol.dispose]();
  }
}

/** What an event of a batch costs beyond its program: contexts, results, the loop around them. */
import { emptyPrograms, frame } from './empty.ts';
import { sampled, timeOf } from './samples.ts';
import type { Timing } from './stats.ts';

export interface BatchRow {
  /** Kind of context. */
  readonly name: string;
  /** Inside the engine, without the host's copies and bookkeeping: ns an event. */
  readonly engine: Timing;
  /** From JavaScript: packets that are in a packet buffer already, results gathered. */
  readonly buffer: Timing;
  /** From JavaScript: packets copied in from arrays of 64 bytes, results gathered. */
  readonly arrays: Timing;
}

const EVENTS = 16_384;
const LENGTH = 64;

export async function* measureBatch(): AsyncGenerator<BatchRow> {
  const packet = frame(LENGTH);
  const packets = Array.from({ length: EVENTS }, () => packet);
  for await (const { name, object, program } of emptyPrograms()) {
    using buffer = object.packetBuffer({ bytes: EVENTS * LENGTH });
    for (let i = 0; i < EVENTS; i++) {
      buffer.bytes.set(packet, i * LENGTH);
      buffer.add(i * LENGTH, LENGTH);
    }
    yield {
      name,
      engine: sampled(() => program.repeat(packet, EVENTS).nsPerRun),
      buffer: sampled(() => timeOf(1, () => program.runBuffer(buffer)) / EVENTS),
      arrays: sampled(() => timeOf(1, () => program.runBatch(packets)) / EVENTS),
    };
    object[Symbol.dispose]();
  }
}

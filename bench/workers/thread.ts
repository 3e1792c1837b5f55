/** A thread of the benchmark: runs its share of the events each time it is told to, at the same time as the others. */
import { parentPort, workerData } from 'node:worker_threads';
import { openShared, type SharedObject } from '../../src/index.ts';

export interface Work {
  readonly shared: SharedObject;
  readonly cpu: number;
  readonly program: string;
  readonly packets: readonly Uint8Array[];
  /** Passes over the packets in a round. */
  readonly passes: number;
  /** Rounds begun; this thread's own answers are messages with the time of its round, ms. */
  readonly gate: Int32Array;
}

const { shared, cpu, program: name, packets, passes, gate } = workerData as Work;
using object = await openShared(shared, { cpu });
const program = await object.program(name);
using buffer = object.packetBuffer({
  bytes: packets.reduce((sum, { length }) => sum + length, 0),
  packets: packets.length,
});
let offset = 0;
for (const packet of packets) {
  buffer.bytes.set(packet, offset);
  buffer.add(offset, packet.length);
  offset += packet.length;
}
program.runBuffer(buffer);
parentPort?.postMessage('ready');
/** A round with a negative number ends the thread. */
for (let round = 0; ; round++) {
  Atomics.wait(gate, 0, round);
  if (Atomics.load(gate, 0) < 0) break;
  const start = performance.now();
  for (let i = 0; i < passes; i++) program.runBuffer(buffer);
  parentPort?.postMessage(performance.now() - start);
}

/** A thread of the benchmark: runs its share of the events each time it is told to, at the same time as the others. */
import { parentPort, workerData } from 'node:worker_threads';
import { openShared, type SharedObject } from '../../src/index.ts';
import { WORKLOADS } from './workloads.ts';

export interface Work {
  /** Index into WORKLOADS. */
  readonly workload: number;
  /** Position in the team. */
  readonly worker: number;
  /** Undefined: an object of its own. */
  readonly shared: SharedObject | undefined;
  readonly cpu: number;
  /** Passes over the packets in a round. */
  readonly passes: number;
  /** Rounds begun; this thread's own answers are messages with the time of its round, ms. */
  readonly gate: Int32Array;
}

const { workload: index, worker, shared, cpu, passes, gate } = workerData as Work;
const workload = WORKLOADS[index];
if (workload === undefined) throw new Error(`there is no workload ${index}`);
const packets = workload.packets(worker);
using object = shared ? await openShared(shared, { cpu }) : await workload.open(1);
const program = await object.program(workload.program);
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

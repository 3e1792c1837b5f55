/** How the rate grows with workers over one memory: the same program and maps, each worker with events of its own. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  abi,
  type BpfObject,
  type MapSpec,
  open,
  openCapture,
  programFromAssembly,
} from '../../src/index.ts';
import { frame } from '../empty.ts';
import { type Timing, timingOf } from '../stats.ts';
import type { Work } from './thread.ts';

export interface WorkersRow {
  readonly name: string;
  readonly workers: number;
  /** Wall time of an event, all workers together: ns. */
  readonly perEvent: Timing;
  /** CPU time of an event: ns. On a machine with a processor for each worker, wall time is this by their number. */
  readonly cpuPerEvent: Timing;
  /** Rate of all workers, by that of one. */
  readonly speedup: number;
  /** The same by CPU time: what it would be if nobody else wanted the processors. */
  readonly cpuSpeedup: number;
}

interface Workload {
  readonly name: string;
  readonly program: string;
  /** Those of a worker, from 0 on. */
  packets(worker: number): readonly Uint8Array[];
  open(cpus: number): Promise<BpfObject>;
}

const WORKERS = [1, 2, 4];
const MOST = Math.max(...WORKERS);
const ROUNDS = 15;
const WARM_UP = 5;
const ROUND_MS = 60;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A flow's record: counters, and room for what else is kept of a flow. */
const VALUE_BYTES = 64;

const hash: MapSpec = {
  name: 'counts',
  type: abi.MAP_TYPE_HASH,
  keySize: 4,
  valueSize: VALUE_BYTES,
  maxEntries: 8192,
  flags: 0,
  section: '',
};

/** Counts packets by their first four bytes, in one hash map for all: flows are found, or made, and counted atomically. */
const zeros = Array.from({ length: 7 }, (_, i) => `*(u64 *)(r10 - ${64 - 8 * i}) = 0`).join('\n');
const COUNT = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 4
  if r4 > r3 goto out
  r5 = *(u32 *)(r2 + 0)
  *(u32 *)(r10 - 4) = r5
  r1 = map[counts]
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto add
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  goto out
  add:
  *(u64 *)(r10 - 72) = 1
  ${zeros}
  r1 = map[counts]
  r2 = r10
  r2 += -4
  r3 = r10
  r3 += -72
  r4 = 0
  call bpf_map_update_elem
  out: r0 = 2
  exit`;

/** Packets of 1024 flows in no order: as a network card gives them to CPUs, a flow's all to one. */
const flows = (worker: number): Uint8Array[] =>
  Array.from({ length: 8192 }, (_, index) => {
    const packet = frame(64);
    const flow = Math.imul(index, 2_654_435_761) >>> 22;
    new DataView(packet.buffer).setUint32(0, flow * MOST + worker, true);
    return packet;
  });

const recorded = (): Uint8Array[] =>
  Array.from(openCapture(readFileSync(here('../../examples/captures/traffic.pcap'))), ({ data }) => data);

const WORKLOADS: readonly Workload[] = [
  {
    name: 'one hash map',
    program: 'count',
    packets: flows,
    open: (cpus) =>
      open(programFromAssembly(COUNT, { name: 'count', type: 'xdp', maps: [hash] }), {
        memory: 'shared',
        cpus,
      }),
  },
  {
    name: 'examples/flows',
    program: 'count_flows',
    packets: recorded,
    open: (cpus) => open(here('../../examples/flows.bpf.o'), { memory: 'shared', cpus }),
  },
];

interface Round {
  readonly wall: number;
  readonly cpu: number;
}

/** Threads that run rounds together. */
class Team {
  readonly #threads: readonly Worker[];
  readonly #gate: Int32Array;

  constructor(count: number, { packets }: Workload, work: Omit<Work, 'cpu' | 'gate' | 'packets'>) {
    this.#gate = new Int32Array(new SharedArrayBuffer(4));
    this.#threads = Array.from({ length: count }, (_, index) => {
      const workerData: Work = { ...work, packets: packets(index), cpu: index + 1, gate: this.#gate };
      const execArgv = ['--enable-source-maps', '--import', here('../../scripts/typescript/register.mjs')];
      return new Worker(here('./thread.ts'), { workerData, execArgv });
    });
  }

  async #answers(): Promise<number[]> {
    const messages = await Promise.all(this.#threads.map((thread) => once(thread, 'message')));
    return messages.map(([message]) => Number(message));
  }

  async ready(): Promise<void> {
    await this.#answers();
  }

  /** Time of the slowest, and CPU time of all: ms. */
  async round(): Promise<Round> {
    const answers = this.#answers();
    const start = process.cpuUsage();
    Atomics.add(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
    const wall = Math.max(...(await answers));
    const { user, system } = process.cpuUsage(start);
    return { wall, cpu: (user + system) / 1000 };
  }

  async end(): Promise<void> {
    Atomics.store(this.#gate, 0, -1);
    Atomics.notify(this.#gate, 0);
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

/** Passes over the packets that take a worker about as long as a round should. */
async function passesOf({ program, packets }: Workload, object: BpfObject): Promise<number> {
  const runner = await object.program(program);
  const own = packets(0);
  const times = Array.from({ length: 20 }, () => runner.runBatch(own).elapsedNs / 1e6);
  return Math.max(1, Math.ceil(ROUND_MS / Math.min(...times)));
}

async function timed(
  workload: Workload,
  workers: number,
): Promise<Pick<WorkersRow, 'perEvent' | 'cpuPerEvent'>> {
  using object = await workload.open(workers + 1);
  const passes = await passesOf(workload, object);
  const { program } = workload;
  const team = new Team(workers, workload, { shared: await object.share(), program, passes });
  await team.ready();
  const rounds: Round[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) rounds.push(await team.round());
  await team.end();
  const events = workload.packets(0).length * passes * workers;
  const perEvent = (of: (round: Round) => number): Timing =>
    timingOf(rounds.slice(WARM_UP).map((round) => (of(round) * 1e6) / events));
  return { perEvent: perEvent(({ wall }) => wall), cpuPerEvent: perEvent(({ cpu }) => cpu) };
}

export async function* measureWorkers(): AsyncGenerator<WorkersRow> {
  for (const workload of WORKLOADS) {
    const first = await timed(workload, 1);
    for (const workers of WORKERS) {
      const { perEvent, cpuPerEvent } = workers === 1 ? first : await timed(workload, workers);
      const speedup = first.perEvent.median / perEvent.median;
      const cpuSpeedup = (workers * first.cpuPerEvent.median) / cpuPerEvent.median;
      yield { name: workload.name, workers, perEvent, cpuPerEvent, speedup, cpuSpeedup };
    }
  }
}

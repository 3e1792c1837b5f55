/** How the rate grows with workers over one memory: the same program and maps, each worker with events of its own. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { SharedObject } from '../../src/index.ts';
import { type Timing, timingOf } from '../stats.ts';
import type { Work } from './thread.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

export interface WorkersRow {
  readonly name: string;
  readonly workers: number;
  /** False: each worker has an engine of its own. What that gives is all that the machine has. */
  readonly isShared: boolean;
  /** Wall time of an event, all workers together: ns. */
  readonly perEvent: Timing;
  /** CPU time of an event: ns. On a machine with a processor for each worker, wall time is this by their number. */
  readonly cpuPerEvent: Timing;
  /** Rate of all workers, by that of one. */
  readonly speedup: number;
  /** The same by CPU time: what it would be if nobody else wanted the processors. */
  readonly cpuSpeedup: number;
}

interface Variant {
  readonly workers: number;
  readonly isShared: boolean;
}

const VARIANTS: readonly Variant[] = [
  { workers: 1, isShared: true },
  { workers: 2, isShared: true },
  { workers: 4, isShared: true },
  { workers: 2, isShared: false },
];
const ROUNDS = 25;
const WARM_UP = 5;
const ROUND_MS = 60;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Round {
  readonly wall: number;
  readonly cpu: number;
}

/** Threads that run rounds together. */
class Team {
  readonly rounds: Round[] = [];
  readonly size: number;
  readonly #threads: readonly Worker[];
  readonly #gate: Int32Array;

  /** @param firstCpu of the object, where it is shared */
  constructor(count: number, firstCpu: number, work: Omit<Work, 'cpu' | 'gate' | 'worker'>) {
    this.size = count;
    this.#gate = new Int32Array(new SharedArrayBuffer(4));
    this.#threads = Array.from({ length: count }, (_, worker) => {
      const workerData: Work = { ...work, worker, cpu: firstCpu + worker, gate: this.#gate };
      const execArgv = ['--enable-source-maps', '--import', here('../../scripts/typescript/register.mjs')];
      return new Worker(here('./thread.ts'), { workerData, execArgv });
    });
  }

  async #answers(): Promise<number[]> {
    const messages = await Promise.all(this.#threads.map((thread) => once(thread, 'message')));
    return messages.map(([message]) => Number(message));
  }

  async ready(): Promise<this> {
    await this.#answers();
    return this;
  }

  /** Time of the slowest, and CPU time of all: ms. */
  async round(): Promise<void> {
    const answers = this.#answers();
    const start = process.cpuUsage();
    Atomics.add(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
    const wall = Math.max(...(await answers));
    const { user, system } = process.cpuUsage(start);
    this.rounds.push({ wall, cpu: (user + system) / 1000 });
  }

  async end(): Promise<void> {
    Atomics.store(this.#gate, 0, -1);
    Atomics.notify(this.#gate, 0);
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

/** Passes over the packets that take a worker about as long as a round should. */
async function passesOf({ program, packets, open }: Workload): Promise<number> {
  using object = await open(1);
  const runner = await object.program(program);
  const own = packets(0);
  const times = Array.from({ length: 20 }, () => runner.runBatch(own).elapsedNs / 1e6);
  return Math.max(1, Math.ceil(ROUND_MS / Math.min(...times)));
}

/** A team for each variant; all shared ones over the same maps, with CPUs of their own. */
async function teamsOf(workload: number, shared: SharedObject, passes: number): Promise<Team[]> {
  const teams: Team[] = [];
  let cpu = 1;
  for (const { workers, isShared } of VARIANTS) {
    const work = { workload, passes, shared: isShared ? shared : undefined };
    teams.push(await new Team(workers, cpu, work).ready());
    if (isShared) cpu += workers;
  }
  return teams;
}

const perEvent = ({ rounds, size }: Team, events: number, of: (round: Round) => number): Timing =>
  timingOf(rounds.slice(WARM_UP).map((round) => (of(round) * 1e6) / (events * size)));

/** Teams take turns, so that what slows the machine down for a while slows all of them. */
async function measured(index: number, workload: Workload): Promise<WorkersRow[]> {
  const cpus = VARIANTS.reduce((sum, { workers, isShared }) => sum + (isShared ? workers : 0), 1);
  using object = await workload.open(cpus);
  await object.program(workload.program);
  const passes = await passesOf(workload);
  const teams = await teamsOf(index, await object.share(), passes);
  for (let round = 0; round < WARM_UP + ROUNDS; round++) for (const team of teams) await team.round();
  for (const team of teams) await team.end();
  const events = workload.packets(0).length * passes;
  const timings = teams.map((team) => ({
    perEvent: perEvent(team, events, ({ wall }) => wall),
    cpuPerEvent: perEvent(team, events, ({ cpu }) => cpu),
  }));
  const [one] = timings;
  return VARIANTS.flatMap((variant, position) => {
    const own = timings[position];
    if (one === undefined || own === undefined) return [];
    const speedup = one.perEvent.median / own.perEvent.median;
    const cpuSpeedup = (variant.workers * one.cpuPerEvent.median) / own.cpuPerEvent.median;
    return [{ name: workload.name, ...variant, ...own, speedup, cpuSpeedup }];
  });
}

export async function* measureWorkers(): AsyncGenerator<WorkersRow> {
  for (const [index, workload] of WORKLOADS.entries()) yield* await measured(index, workload);
}

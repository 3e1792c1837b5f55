import Benchmark from 'benchmark';
import { type Timing, timingOf } from './stats.ts';

/** Something that can be timed: a program in one engine, a call, … */
export type Contestant =
  | {
      /** It runs in this process; the benchmark package decides how often. */
      readonly inProcess: true;
      /** Makes `runs` runs; ns of one of them, by a clock that sees nothing else. */
      sample(runs: number): number;
    }
  | {
      /** It runs in another process, whose CPU time it tells. */
      readonly inProcess: false;
      sample(runs: number): Promise<number>;
    };

/** A sample takes about this long: long for the clock, short beside what else a shared machine does. */
const SAMPLE_NS = 1_000_000;
/** By then V8 has put its optimised code in place. */
const WARM_UP_NS = 60_000_000;
const SAMPLES_A_ROUND = 9;
/** Batches of the engine are of 64 events. */
const FEWEST_RUNS = 64;
const SECONDS_A_ROUND = 0.02;
const DEFAULT_ROUNDS = 5;

export interface MeasureOptions {
  readonly rounds?: number;
}

/**
 * Which part of the time until it is asked this process had a processor: clocks go on while other processes run, CPU
 * time does not. At most 1, for V8's own threads also count.
 */
export function processorShare(): () => number {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const wallUs = (performance.now() - start) * 1000;
    const { user, system } = process.cpuUsage(cpu);
    return Math.min(1, (user + system) / Math.max(wallUs, 1));
  };
}

/** Warms a contestant up; how many runs a sample of it needs. */
async function calibrate(contestant: Contestant): Promise<number> {
  let runs = FEWEST_RUNS;
  for (let spent = 0; spent < WARM_UP_NS; ) {
    const ns = (await contestant.sample(runs)) * runs;
    spent += Math.max(ns, 1);
    runs = Math.max(FEWEST_RUNS, Math.min(runs * 2, Math.round((runs * SAMPLE_NS) / Math.max(ns, 1))));
  }
  return runs;
}

/** One round of the benchmark package: it decides how often the function is called. */
const cycle = (call: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = {
      minTime: SECONDS_A_ROUND / 4,
      maxTime: SECONDS_A_ROUND,
      minSamples: 1,
      delay: 0,
      initCount: 1,
    };
    const bench = new Benchmark('', call, options);
    bench.on('error', () => reject(bench.error));
    bench.on('complete', () => resolve());
    bench.run({ async: true });
  });

async function round(contestant: Contestant, runs: number, samples: number[]): Promise<void> {
  if (contestant.inProcess) {
    await cycle(() => {
      const share = processorShare();
      samples.push(contestant.sample(runs) * share());
    });
    return;
  }
  for (let i = 0; i < SAMPLES_A_ROUND; i++) samples.push(await contestant.sample(runs));
}

/**
 * Times contestants side by side, in rounds, so that what slows the machine down for a while slows all of them.
 * @returns ns of a run, by name
 */
export async function measure<Name extends string>(
  contestants: ReadonlyMap<Name, Contestant>,
  { rounds = DEFAULT_ROUNDS }: MeasureOptions = {},
): Promise<Map<Name, Timing>> {
  const racing: { name: Name; contestant: Contestant; runs: number; samples: number[] }[] = [];
  for (const [name, contestant] of contestants) {
    racing.push({ name, contestant, runs: await calibrate(contestant), samples: [] });
  }
  for (let i = 0; i < rounds; i++) {
    for (const { contestant, runs, samples } of racing) await round(contestant, runs, samples);
  }
  return new Map(racing.map(({ name, samples }) => [name, timingOf(samples)]));
}

/** Times work of this process that is too slow, or too particular, to be repeated within a sample; in ms. */
export async function timeEach(
  times: number,
  work: (turn: number) => unknown,
  prepare: (turn: number) => unknown = () => {},
): Promise<Timing> {
  const samples: number[] = [];
  for (let turn = 0; turn < times; turn++) {
    await prepare(turn);
    const share = processorShare();
    const start = performance.now();
    await work(turn);
    samples.push((performance.now() - start) * share());
  }
  return timingOf(samples);
}

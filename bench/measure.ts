import Benchmark from 'benchmark';

/** Runs inside one timed call: enough that the call itself does not show. */
export const RUNS_PER_CALL = 64;
const SECONDS_PER_CASE = 0.2;
const MIN_SAMPLES = 7;

export interface Timing {
  /** Median over the samples. */
  readonly nsPerRun: number;
  /** Half the distance between the quartiles, in percent of the median. */
  readonly spreadPercent: number;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Median and spread of samples in seconds a call. */
function timingOf(samples: readonly number[], runsPerCall: number): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = at(sorted, 0.5);
  const spread = (at(sorted, 0.75) - at(sorted, 0.25)) / 2;
  return { nsPerRun: (median * 1e9) / runsPerCall, spreadPercent: (spread / median) * 100 };
}

/** Times functions side by side, in one suite of the benchmark package; each call makes `runsPerCall` runs. */
export function measure<Name extends string>(
  cases: Readonly<Record<Name, () => void>>,
  runsPerCall: number = RUNS_PER_CALL,
): Promise<Record<Name, Timing>> {
  return new Promise((resolve, reject) => {
    const suite = new Benchmark.Suite();
    const timings: Partial<Record<Name, Timing>> = {};
    for (const [name, run] of Object.entries<() => void>(cases)) {
      suite.add(name, run, { maxTime: SECONDS_PER_CASE, minSamples: MIN_SAMPLES });
    }
    suite.on('cycle', ({ target }: { target: Benchmark }) => {
      timings[target.name as Name] = timingOf(target.stats?.sample ?? [], runsPerCall);
    });
    suite.on('error', ({ target }: { target: Benchmark & { error?: unknown } }) => reject(target.error));
    suite.on('complete', () => resolve(timings as Record<Name, Timing>));
    suite.run({ async: true });
  });
}

import type { Timing } from './measure.ts';

/** Many and short: a machine that is busy spoils some, and the median is of the others. */
const SAMPLES = 101;

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Median and spread of what `sample` measures itself, in ns; the first samples warm up. */
export function sampled(sample: () => number, samples = SAMPLES): Timing {
  const all = Array.from({ length: 2 * samples }, sample).slice(samples);
  const sorted = all.sort((a, b) => a - b);
  const median = at(sorted, 0.5);
  const spread = (at(sorted, 0.75) - at(sorted, 0.25)) / 2;
  return { nsPerRun: median, spreadPercent: (spread / median) * 100 };
}

/** Time of one of `count` calls, ns. */
export function timeOf(count: number, call: () => void): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) call();
  return ((performance.now() - start) * 1e6) / count;
}

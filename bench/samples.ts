import { processorShare } from './measure.ts';
import { type Timing, timingOf } from './stats.ts';

const SAMPLES = 31;

/** Median and spread of what `sample` measures itself, in ns, by this process's share of the processor; warms up first. */
export function sampled(sample: () => number, samples = SAMPLES): Timing {
  const all = Array.from({ length: 2 * samples }, () => {
    const share = processorShare();
    return sample() * share();
  });
  return timingOf(all.slice(samples));
}

/** Time of one of `count` calls, ns. */
export function timeOf(count: number, call: () => void): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) call();
  return ((performance.now() - start) * 1e6) / count;
}

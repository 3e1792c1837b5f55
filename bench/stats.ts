/** What is kept of the samples of one measurement. */
export interface Timing {
  /** ns, unless its column says otherwise. */
  readonly median: number;
  /** What nothing else disturbed: for comparing variants of one program, which noise hits alike only in the long run. */
  readonly fastest: number;
  /** Half the distance between the quartiles, in percent of the median. */
  readonly spreadPercent: number;
  readonly samples: number;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Median and spread; NaN where there are no samples. */
export function timingOf(samples: readonly number[]): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = at(sorted, 0.5);
  const spread = (at(sorted, 0.75) - at(sorted, 0.25)) / 2;
  const fastest = at(sorted, 0);
  return { median, fastest, spreadPercent: (spread / median) * 100, samples: samples.length };
}

/** NaN of no values. */
export const geomean = (values: readonly number[]): number =>
  values.length === 0
    ? Number.NaN
    : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

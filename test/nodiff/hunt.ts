import { type Case, caseOf, trusted } from './case.ts';
import type { Job, Outcome } from './engines.ts';
import { type Differences, nodiff, type Verdict } from './nodiff.ts';
import { saveRegression } from './regressions.ts';
import { shrink } from './shrink.ts';

export interface Divergence {
  readonly seed: number;
  readonly differences: Differences;
  /** Where the shrunk job was saved. */
  readonly path: string;
}

export interface Progress {
  readonly programs: number;
  /** Programs that the engines refuse. */
  readonly refused: number;
  /** Runs that ended with a trap. */
  readonly traps: number;
  readonly executed: bigint;
}

export interface HuntOptions {
  readonly seed: number;
  /** Ends after so many executed instructions. */
  readonly insns: bigint;
  /** Ends after so many ms, too. */
  readonly milliseconds?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** The case of a seed; default: {@link caseOf}. */
  readonly cases?: (seed: number) => Case;
  /** Holds what the case left behind (undefined: refused) against one more judge; the differences found. */
  readonly also?: (one: Case, outcome: Outcome | undefined) => Promise<Differences>;
}

export interface Hunted extends Progress {
  readonly divergences: readonly Divergence[];
}

/** Random programs in both engines until enough instructions are executed. Every divergence is shrunk and saved. */
export async function hunt(options: HuntOptions): Promise<Hunted> {
  const end = Date.now() + (options.milliseconds ?? Number.POSITIVE_INFINITY);
  const divergences: Divergence[] = [];
  let progress: Progress = { programs: 0, refused: 0, traps: 0, executed: 0n };
  const cases = options.cases ?? caseOf;
  for (let seed = options.seed; progress.executed < options.insns && Date.now() < end; seed++) {
    for (const one of variants(cases(seed))) {
      const verdict = await nodiff(one.job, one.inputs);
      progress = advance(progress, verdict);
      const divergence = await judged(one, verdict, options);
      if (divergence !== undefined) divergences.push(divergence);
      if (!ranThrough(verdict)) break;
    }
    options.onProgress?.(progress);
  }
  return { ...progress, divergences };
}

/** In the sandbox, and then, of every fourth program that runs to its end, without it. */
const variants = (one: Case): Case[] => (one.seed % 4 === 0 ? [one, trusted(one)] : [one]);

const ranThrough = ({ refused, differences, outcomes }: Verdict): boolean =>
  refused === undefined && differences.length === 0 && outcomes.every(({ trap }) => trap === undefined);

const advance = (progress: Progress, { refused, outcomes, executed }: Verdict): Progress => ({
  programs: progress.programs + 1,
  refused: progress.refused + (refused === undefined ? 0 : 1),
  traps: progress.traps + outcomes.filter(({ trap }) => trap !== undefined).length,
  executed: progress.executed + executed,
});

async function judged(
  one: Case,
  { differences, outcomes }: Verdict,
  { also }: HuntOptions,
): Promise<Divergence | undefined> {
  if (differences.length > 0) return keep(one, await shrunk(one), differences);
  const others = (await also?.(one, outcomes[0])) ?? [];
  return others.length > 0 ? keep(one, one.job, others) : undefined;
}

const shrunk = (one: Case): Promise<Job> =>
  shrink(one.job, async (job) => (await nodiff(job, one.inputs)).differences.length > 0);

function keep({ seed, inputs }: Case, job: Job, differences: Differences): Divergence {
  const note = `seed ${seed}: ${differences.join('; ')}`;
  return { seed, differences, path: saveRegression(`seed-${seed}-${job.mode}`, { note, job, inputs }) };
}

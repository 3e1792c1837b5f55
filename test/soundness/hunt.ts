/** Random programs until enough of them were accepted, and all that is wrong with them. */

import { type Finding, Judge, type JudgeOptions, wordsOf } from './judge.ts';
import { KernelSide } from './kernel.ts';
import { mutatedSubject, openObjects } from './mutate.ts';
import { Ours } from './ours.ts';
import { smallest } from './smallest.ts';
import { generated, type Subject } from './subject.ts';

export interface HuntOptions {
  readonly seed: number;
  /** Programs to accept. */
  readonly count: number;
  readonly kernel: boolean;
  /** Of so many accepted programs one runs in the JIT, too; 0: none. */
  readonly jitEvery?: number;
  /** Of so many programs one is a mutation of the repository's own; 0: none. */
  readonly mutateEvery?: number;
  readonly runs?: number;
  /** Findings to shrink of each kind and message; the others are counted. */
  readonly shrunk?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onFinding?: (found: Found) => void;
}

export interface Found {
  readonly subject: Subject;
  readonly finding: Finding;
  /** The shrunk program. */
  readonly small: Subject;
}

export interface Counted {
  count: number;
  /** The first program with it. */
  readonly seed: number;
}

export interface Progress {
  programs: number;
  accepted: number;
  runs: number;
  inJit: number;
  /** Time of the verifier, ms: of all programs, and of the one that took longest. */
  verifying: number;
  slowest: { readonly seed: number; readonly ms: number; readonly insnsProcessed: number };
  readonly findings: Map<string, Counted>;
  /** Rejected here, accepted by the kernel: by message. */
  readonly tooStrict: Map<string, Counted>;
  /** Accepted here, rejected by the kernel, which knows less: by its message. */
  readonly beyond: Map<string, Counted>;
}

const DEFAULT_RUNS = 5;
const DEFAULT_SHRUNK = 2;
const DEFAULT_JIT = 64;
const DEFAULT_MUTATE = 5;

function count(table: Map<string, Counted>, key: string, seed: number): number {
  const known = table.get(key);
  if (known === undefined) table.set(key, { count: 1, seed });
  else known.count++;
  return table.get(key)?.count ?? 0;
}

class Hunt {
  readonly #options: HuntOptions;
  readonly #judge: Judge;
  readonly #kernel: KernelSide | undefined;
  readonly progress: Progress = {
    programs: 0,
    accepted: 0,
    runs: 0,
    inJit: 0,
    verifying: 0,
    slowest: { seed: 0, ms: 0, insnsProcessed: 0 },
    findings: new Map(),
    tooStrict: new Map(),
    beyond: new Map(),
  };

  constructor(options: HuntOptions, judge: Judge, kernel: KernelSide | undefined) {
    this.#options = options;
    this.#judge = judge;
    this.#kernel = kernel;
  }

  async one(subject: Subject): Promise<void> {
    const { progress } = this;
    const every = this.#options.jitEvery ?? DEFAULT_JIT;
    const how: JudgeOptions = {
      kernel: this.#kernel,
      runs: this.#options.runs ?? DEFAULT_RUNS,
      jit: every > 0 && progress.accepted % every === every - 1,
    };
    const { ours, findings, runs } = await this.#judge.judge(subject, how);
    progress.programs++;
    progress.runs += runs;
    progress.verifying += ours.ms;
    if (ours.ms > progress.slowest.ms) {
      const { ms, insnsProcessed } = ours;
      progress.slowest = { seed: subject.seed, ms, insnsProcessed };
    }
    if (ours.verdict === 'accept') {
      progress.accepted++;
      if (how.jit) progress.inJit++;
    }
    for (const finding of findings) await this.#found(subject, finding, how);
  }

  async #found(subject: Subject, finding: Finding, how: JudgeOptions): Promise<void> {
    if (finding.kind === 'beyond') {
      count(this.progress.beyond, wordsOf(finding), subject.seed);
      return;
    }
    const isStrict = finding.kind === 'strict';
    const table = isStrict ? this.progress.tooStrict : this.progress.findings;
    const key = isStrict ? wordsOf(finding) : `${finding.kind}: ${wordsOf(finding)}`;
    if (count(table, key, subject.seed) > (this.#options.shrunk ?? DEFAULT_SHRUNK)) return;
    const small = await smallest(this.#judge, subject, finding, how);
    this.#options.onFinding?.({ subject, finding, small });
  }
}

/** The program of a seed: generated, or now and then mutated. */
export async function subjectOf(seed: number, mutateEvery = DEFAULT_MUTATE): Promise<Subject> {
  if (mutateEvery === 0 || seed % mutateEvery !== 0) return generated(seed);
  return mutatedSubject(seed, await openObjects());
}

export async function hunt(options: HuntOptions): Promise<Progress> {
  const kernel = options.kernel ? await KernelSide.open() : undefined;
  const one = new Hunt(options, new Judge(await Ours.open()), kernel);
  try {
    for (let seed = options.seed; one.progress.accepted < options.count; seed++) {
      await one.one(await subjectOf(seed, options.mutateEvery));
      options.onProgress?.(one.progress);
    }
  } finally {
    kernel?.close();
  }
  return one.progress;
}

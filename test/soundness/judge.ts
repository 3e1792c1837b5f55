/** Everything that is asked of a program. */

import { WebpfError } from '../../src/errors.ts';
import { FactViolation } from '../../src/interp/checker.ts';
import type { Optimize } from '../../src/jit/opt/names.ts';
import type { Proof } from '../../src/verifier/proof.ts';
import { withoutSome } from '../nodiff/optimize.ts';
import { Random } from '../nodiff/random.ts';
import { Bench, type Mounted, type Ran } from './bench.ts';
import { type Input, inputsOf } from './inputs.ts';
import { type KernelSide, type KernelVerdict, kindOfMessage } from './kernel.ts';
import type { Ours, OurVerdict } from './ours.ts';
import type { Subject } from './subject.ts';

/**
 * - `violation`: a run disproves a fact of the proof. `trap`: the sandbox stops an accepted program.
 * - `differs`: the JIT's run leaves something else behind than the interpreter's.
 * - `kernel`: accepted here, rejected by the kernel; `beyond`: for want of knowledge that webpf has and Linux has not.
 * - `strict`: the other way round, which harms nobody.
 * - `crash`: the verifier throws.
 */
export type FindingKind = 'violation' | 'trap' | 'differs' | 'kernel' | 'beyond' | 'strict' | 'crash';

export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
}

/** Words that findings of one cause have in common, more or less: without the numbers. */
export function wordsOf({ kind, message }: Finding): string {
  if (kind === 'differs') return '';
  if (kind === 'violation') return message.match(/fact "\w+"/)?.[0] ?? '';
  return kindOfMessage(message).slice(0, 80);
}

export interface Judgement {
  readonly ours: OurVerdict;
  readonly kernel: KernelVerdict | undefined;
  readonly findings: readonly Finding[];
  /** Runs that went through. */
  readonly runs: number;
}

export interface JudgeOptions {
  readonly kernel?: KernelSide | undefined;
  readonly runs: number;
  /** Also in the JIT, which takes far longer. */
  readonly jit: boolean;
}

/** The kernel has come to no end, and says nothing of the program. */
const GAVE_UP = /program is too large|sequence of \d+ jumps is too complex/;

/** Traps that say nothing of the verifier: it knows no budget, and the runtime has no helper that is not there. */
const HARMLESS = /instruction budget/;

/** Benches that programs are compared on; both have had the same programs, so that addresses are the same. */
interface Pair {
  readonly interp: Bench;
  readonly jit: Bench;
}

/** What the JIT does in each pair; every program is compared on one of them. */
const PAIRS: readonly Optimize[] = [
  ...[true, true, false],
  ...[1, 2, 3, 4, 5].map((seed) => withoutSome(new Random(seed))),
];

export class Judge {
  readonly #ours: Ours;
  readonly #checked = new Bench('checked');
  readonly #pairs: readonly Pair[] = PAIRS.map((optimize) => ({
    interp: new Bench('interp'),
    jit: new Bench('jit', optimize),
  }));

  constructor(ours: Ours) {
    this.#ours = ours;
  }

  async judge(subject: Subject, options: JudgeOptions): Promise<Judgement> {
    const ours = this.#ours.verdict(subject);
    const kernel = await options.kernel?.verdict(subject);
    const findings: Finding[] = [];
    findings.push(...this.#disagreement(subject, ours, kernel));
    if (ours.proof === undefined) return { ours, kernel, findings, runs: 0 };
    const inputs = inputsOf(subject.program.type, subject.seed, options.runs);
    const runs = await this.#check(subject, ours.proof, inputs, findings);
    if (options.jit && findings.length === 0)
      findings.push(...(await this.#compare(subject, ours.proof, inputs)));
    return { ours, kernel, findings, runs };
  }

  #disagreement(
    subject: Subject,
    { verdict, message }: OurVerdict,
    kernel: KernelVerdict | undefined,
  ): Finding[] {
    if (verdict === 'crash') return [{ kind: 'crash', message }];
    if (kernel === undefined || kernel.accepted === (verdict === 'accept')) return [];
    if (!kernel.accepted) {
      const isBeyond = GAVE_UP.test(kernel.message) || this.#ours.isBeyondLinux(subject);
      return [{ kind: isBeyond ? 'beyond' : 'kernel', message: kernel.message }];
    }
    return [{ kind: 'strict', message: verdict === 'unsupported' ? `unsupported: ${message}` : message }];
  }

  async #check(
    subject: Subject,
    proof: Proof,
    inputs: readonly Input[],
    findings: Finding[],
  ): Promise<number> {
    const mounted = await mount(this.#checked, subject, proof);
    if (mounted === undefined) return 0;
    let runs = 0;
    for (const input of inputs) {
      const ran = tryRun(mounted, input);
      if ('kind' in ran) findings.push(ran);
      if (!('result' in ran)) break;
      runs++;
    }
    return runs;
  }

  async #compare(subject: Subject, proof: Proof, inputs: readonly Input[]): Promise<Finding[]> {
    const pair = this.#pairs[subject.seed % PAIRS.length];
    if (pair === undefined) return [];
    const [interp, jit] = [await mount(pair.interp, subject, proof), await mount(pair.jit, subject, proof)];
    if (interp === undefined || jit === undefined) return [];
    for (const input of inputs) {
      const [a, b] = [tryRun(interp, input), tryRun(jit, input)];
      const message = difference(a, b);
      if (message !== undefined && this.#ours.readsUnwritten(subject)) return [];
      if (message !== undefined) return [{ kind: 'differs', message }];
      if (!('result' in a)) break;
    }
    return [];
  }
}

/** Undefined where the runtime lacks what the program needs. */
async function mount(bench: Bench, subject: Subject, proof: Proof): Promise<Mounted | undefined> {
  try {
    return await bench.mount(subject, proof);
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

type Run = Ran | Finding | { readonly harmless: true };

function tryRun(mounted: Mounted, input: Input): Run {
  try {
    return mounted.run(input);
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
    if (error.cause instanceof FactViolation) return { kind: 'violation', message: error.cause.message };
    if (HARMLESS.test(error.message)) return { harmless: true };
    return { kind: 'trap', message: error.message };
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function difference(a: Run, b: Run): string | undefined {
  if (!('result' in a) || !('result' in b)) {
    const text = (run: Run): string => ('result' in run ? 'ended' : 'kind' in run ? run.message : 'budget');
    return text(a) === text(b) || 'harmless' in a ? undefined : `interpreter: ${text(a)}; JIT: ${text(b)}`;
  }
  if (a.result.r0 !== b.result.r0) return `r0: ${a.result.r0}, JIT: ${b.result.r0}`;
  if (!equal(a.result.data, b.result.data)) return 'the packets differ';
  const map = a.maps.findIndex((values, i) => !equal(values, b.maps[i] ?? new Uint8Array()));
  return map < 0 ? undefined : `the values of map ${map} differ`;
}

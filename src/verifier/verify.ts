/** Verification of a program: accepted with a proof, or refused with a reason. */
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import { classicType } from './classic.ts';
import { customEnvironment, environmentOf } from './environment.ts';
import { explain, explainStructure } from './explain.ts';
import { kfuncOf } from './kfuncs/index.ts';
import { KernelLog } from './log/log.ts';
import { buildProof } from './prove.ts';
import { StateMemory } from './state/memory.ts';
import { checkStructure, type Structure } from './structure.ts';
import type { Rejection, Verification, VerifierStats, VerifyOptions } from './verification.ts';
import { codeOf } from './walk/code.ts';
import { checkStackDepth } from './walk/depth.ts';
import { Facts } from './walk/facts.ts';
import { checkLoad } from './walk/loadChecks.ts';
import { Refusal } from './walk/refusal.ts';
import { runWalk } from './walk/run.ts';
import { type Rules, Walk } from './walk/walk.ts';

/** BPF_COMPLEXITY_LIMIT_INSNS. */
const MAX_INSNS = 1_000_000;
/** CONFIG_NR_CPUS: no machine has more. */
const MOST_CPUS = 8192;
const MAX_MEMORY = 448 * 1024 * 1024;

const rulesOf = (options: VerifyOptions): Rules => {
  const unprivileged = options.unprivileged ?? false;
  return {
    capable: !unprivileged,
    leaks: !unprivileged && options.perfmon !== false,
    likeLinux: options.likeLinux ?? false,
    strictAlignment: options.strictAlignment ?? unprivileged,
    stateFreq: options.stateFreq ?? false,
    maxInsns: options.maxInsns ?? MAX_INSNS,
    maxMemory: options.maxMemory ?? MAX_MEMORY,
    cpus: options.cpus ?? MOST_CPUS,
  };
};

const KFUNC_SHAPES = {
  shape: (name: string) => (kfuncOf(name)?.flags.iterator === 'next' ? 'iteratorNext' : 'plain'),
  argumentCount: (name: string) => kfuncOf(name)?.args.length,
} as const;

function makeWalk(program: Program, structure: Structure, memory: StateMemory, options: VerifyOptions): Walk {
  const rules = rulesOf(options);
  const programType = options.programType ?? classicType(program);
  const env =
    programType === undefined
      ? environmentOf(program, structure, rules, options.helpers)
      : customEnvironment(program, structure, programType, options.helpers);
  const code = codeOf(program, structure, env.prototype, KFUNC_SHAPES);
  const log = options.logLevel ? new KernelLog(options.logLevel) : undefined;
  return new Walk(code, env, rules, memory, new Facts(code.insns.length), log);
}

const round = (ms: number): number => Number(ms.toFixed(3));

interface Outcome {
  readonly rejection?: Rejection;
  readonly verdict: Verification['verdict'];
}

function walkThrough(walk: Walk): Outcome {
  try {
    checkLoad(walk);
    runWalk(walk);
    checkStackDepth(walk);
    walk.log?.end(walk);
    return { verdict: 'accept' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    walk.log?.line(error.message);
    walk.log?.end(walk);
    return { verdict: error.verdict, rejection: explain(walk, error) };
  }
}

const statsOf = (walk: Walk | undefined, start: number): VerifierStats => ({
  insnsProcessed: walk?.processed ?? 0,
  totalStates: walk?.totalStates ?? 0,
  peakStates: walk?.peakStates ?? 0,
  memory: walk?.peakMemory ?? 0,
  ms: round(performance.now() - start),
});

/** Errors of the structural checks that speak of webpf's limits, not of the program's faults. */
const isLimit = ({ code }: WebpfError): boolean => code === 'unsupported' || code === 'missing-helper';

/** A verifier with its own linear memory, for one program after the other. */
export class Verifier {
  readonly #memory: StateMemory;

  private constructor(memory: StateMemory) {
    this.#memory = memory;
  }

  /** @throws WebpfError `file` when the compiled domain cannot be read */
  static async open(): Promise<Verifier> {
    return new Verifier(await StateMemory.open());
  }

  /**
   * Walks all paths of a program as the kernel does at BPF_PROG_LOAD.
   *
   * @throws WebpfError never for what is wrong with the program: that is its verdict
   */
  verify(program: Program, options: VerifyOptions = {}): Verification {
    const start = performance.now();
    let structure: Structure;
    let walk: Walk;
    try {
      structure = checkStructure(program);
      walk = makeWalk(program, structure, this.#memory, options);
    } catch (error) {
      return refused(program, error, start);
    }
    const { verdict, rejection } = walkThrough(walk);
    const log = walk.log instanceof KernelLog ? walk.log.lines : [];
    const proof = verdict === 'accept' ? buildProof(walk, structure) : undefined;
    return { verdict, rejection, proof, log, ...statsOf(walk, start) };
  }
}

/** A program that is refused before the walk begins. */
function refused(program: Program, error: unknown, start: number): Verification {
  const nothing = { proof: undefined, log: [], ...statsOf(undefined, start) };
  if (error instanceof Refusal) {
    return {
      ...nothing,
      verdict: error.verdict,
      rejection: explainStructure(program, error.message, error.insn, error.hint),
    };
  }
  if (!(error instanceof WebpfError)) throw error;
  const rejection = explainStructure(program, error.message, error.insn, '');
  return { ...nothing, verdict: isLimit(error) ? 'unsupported' : 'reject', rejection };
}

let shared: Promise<Verifier> | undefined;

/**
 * Verifies a program by the rules of the Linux kernel.
 *
 * @returns a verdict, never an error, for whatever is wrong with the program
 * @throws WebpfError `file` when the compiled domain cannot be read
 */
export async function verify(program: Program, options: VerifyOptions = {}): Promise<Verification> {
  shared ??= Verifier.open();
  return (await shared).verify(program, options);
}

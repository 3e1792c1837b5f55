import { WebpfError } from '../../src/errors.ts';
import type { EngineKind } from '../../src/index.ts';
import { assemble } from '../../src/isa/asm.ts';
import { type Job, type Outcome, tryPrepare } from '../nodiff/engines.ts';
import type { Vector } from './format.ts';

export interface Judgement {
  readonly pass: boolean;
  /** What was expected and what came instead; '' when it passed. */
  readonly problem: string;
  readonly r0: bigint | undefined;
  /** Message of the refusal, when the program was refused. */
  readonly refused: string | undefined;
}

const PASS: Judgement = { pass: true, problem: '', r0: undefined, refused: undefined };
const hex = (value: bigint): string => `0x${value.toString(16)}`;
const fail = (problem: string): Judgement => ({ ...PASS, pass: false, problem });

const code = (text: string, name: string): Uint8Array => assemble(text, { name }).code;

/** The vector's program and all it needs. @throws WebpfError 'bad-assembly' */
export function jobOf(vector: Vector): Job {
  return {
    code: vector.raw ?? code(vector.asm ?? '', vector.name),
    maps: vector.maps,
    tails: new Map([...vector.programs].map(([name, text]) => [name, code(text, `${vector.name} ${name}`)])),
    context: vector.context,
    mode: vector.mode,
    budget: vector.budget,
  };
}

/** Assembles a vector, runs it and holds the outcome against what the file expects. */
export async function judge(kind: EngineKind, vector: Vector, shared = false): Promise<Judgement> {
  const job = assembled(vector);
  const prepared = job instanceof WebpfError ? job : await tryPrepare(kind, { ...job, shared });
  if (prepared instanceof WebpfError) return judgeRefusal(vector, prepared.message);
  if (vector.refused !== undefined) return fail(`accepted, but expected a refusal with "${vector.refused}"`);
  return judgeOutcome(vector, prepared.run(vector.memory));
}

function assembled(vector: Vector): Job | WebpfError {
  try {
    return jobOf(vector);
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
}

function judgeRefusal(vector: Vector, message: string): Judgement {
  if (vector.refused === undefined) return { ...fail(`refused: ${message}`), refused: message };
  const pass = message.toLowerCase().includes(vector.refused.toLowerCase());
  const problem = pass ? '' : `refused, but without "${vector.refused}": ${message}`;
  return { pass, problem, r0: undefined, refused: message };
}

function judgeOutcome(vector: Vector, outcome: Outcome): Judgement {
  const problem = [resultProblem(vector, outcome), memoryProblem(vector, outcome)].filter(Boolean).join('; ');
  return { pass: problem === '', problem, r0: outcome.r0, refused: undefined };
}

function resultProblem(vector: Vector, { trap, r0 }: Outcome): string {
  const wanted = vector.trap;
  if (wanted === undefined && trap !== undefined)
    return `trap ${trap.kind} at ${trap.pc} (${hex(trap.value)}), expected r0 = ${hex(vector.result ?? 0n)}`;
  if (wanted === undefined)
    return r0 === vector.result ? '' : `r0 = ${hex(r0 ?? 0n)}, expected ${hex(vector.result ?? 0n)}`;
  if (trap === undefined) return `r0 = ${hex(r0 ?? 0n)}, expected trap ${wanted.kind} at ${wanted.pc}`;
  const same =
    trap.kind === wanted.kind && trap.pc === wanted.pc && (wanted.value ?? trap.value) === trap.value;
  if (same) return '';
  const value = wanted.value === undefined ? '' : ` (${hex(wanted.value)})`;
  return `trap ${trap.kind} at ${trap.pc} (${hex(trap.value)}), expected ${wanted.kind} at ${wanted.pc}${value}`;
}

function memoryProblem({ memoryAfter }: Vector, { data }: Outcome): string {
  if (memoryAfter === undefined || Buffer.compare(memoryAfter, data) === 0) return '';
  return `memory is ${Buffer.from(data).toString('hex')}, expected ${Buffer.from(memoryAfter).toString('hex')}`;
}

import {
  type ObjectFile,
  type PathStep,
  type Program,
  type ProgramType,
  type RegisterState,
  type SourceLine,
  type VerdictWord,
  type VerifyOptions,
  verify,
  type WebpfError,
} from '../../index.ts';
import { describeError } from '../fail.ts';

/** What `webpf verify` says of one program; the fields up to `ms` are settled. */
export interface Judgement {
  readonly object: string;
  readonly section: string;
  readonly program: string;
  readonly type: ProgramType | 'unknown';
  readonly verdict: VerdictWord;
  /** In the kernel's words where it has any; '' when accepted. */
  readonly reason: string;
  readonly insn: number | null;
  readonly insnsProcessed: number;
  readonly ms: number;
  readonly totalStates: number;
  readonly peakStates: number;
  /** The reason in terms of the source. */
  readonly summary: string;
  readonly hint: string;
  readonly source: SourceLine | null;
  /** The branches on the way to the instruction. */
  readonly path: readonly PathStep[];
  readonly registers: readonly RegisterState[];
  /** The walk, where asked for. */
  readonly log?: readonly string[];
}

const NO_DIAGNOSIS = { reason: '', summary: '', hint: '', insn: null, source: null, path: [], registers: [] };

/** Verifies a program. */
export async function judge(object: string, program: Program, options: VerifyOptions): Promise<Judgement> {
  const { verdict, rejection, log, insnsProcessed, ms, totalStates, peakStates } = await verify(
    program,
    options,
  );
  const { section, name, type } = program;
  const { reason, insn, source, summary, hint, path, registers } = rejection ?? NO_DIAGNOSIS;
  return {
    object,
    section,
    program: name,
    type,
    verdict,
    reason,
    insn,
    insnsProcessed,
    ms,
    totalStates,
    peakStates,
    summary,
    hint,
    source: source ?? null,
    path,
    registers,
    ...(options.logLevel && { log }),
  };
}

/** Errors that speak of webpf's limits, not of the program's faults. */
const limits: ReadonlySet<string> = new Set(['unsupported', 'missing-helper']);

const unlinked = (object: string, program: string, section: string, error: WebpfError): Judgement => ({
  object,
  section,
  program,
  type: 'unknown',
  verdict: limits.has(error.code) ? 'unsupported' : 'reject',
  reason: describeError(error),
  insn: error.insn ?? null,
  insnsProcessed: 0,
  ms: 0,
  totalStates: 0,
  peakStates: 0,
  summary: describeError(error),
  hint: '',
  source: error.source ?? null,
  path: [],
  registers: [],
});

/** Programs that could not even be linked have a verdict too. */
export const judgeUnlinked = ({ name, refused }: ObjectFile, wanted: string | undefined): Judgement[] =>
  refused
    .filter(({ program }) => wanted === undefined || program === wanted)
    .map(({ program, section, error }) => unlinked(name, program, section, error));

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
  /** The instruction as text; '' where there is none. */
  readonly instruction: string;
  /** The branches on the way to the instruction: the last ones, where there are many. */
  readonly path: readonly PathStep[];
  /** Branches before these. */
  readonly earlier: number;
  readonly registers: readonly RegisterState[];
  /** The walk, where asked for. */
  readonly log?: readonly string[];
}

/** What accepted programs, and those that were not walked at all, have in these fields. */
const NOTHING = {
  reason: '',
  summary: '',
  hint: '',
  insn: null,
  instruction: '',
  path: [],
  earlier: 0,
  registers: [],
} as const;

/** Verifies a program. */
export async function judge(object: string, program: Program, options: VerifyOptions): Promise<Judgement> {
  const { verdict, rejection, log, ...stats } = await verify(program, options);
  const { section, name, type } = program;
  const { reason, insn, summary, hint, instruction, path, earlier, registers } = rejection ?? NOTHING;
  return {
    object,
    section,
    program: name,
    type,
    verdict,
    reason,
    insn,
    insnsProcessed: stats.insnsProcessed,
    ms: stats.ms,
    totalStates: stats.totalStates,
    peakStates: stats.peakStates,
    summary,
    hint,
    source: rejection?.source ?? null,
    instruction,
    path,
    earlier,
    registers,
    ...(options.logLevel && { log }),
  };
}

/** Errors that speak of webpf's limits, not of the program's faults. */
const limits: ReadonlySet<string> = new Set(['unsupported', 'missing-helper']);

const unlinked = (object: string, program: string, section: string, error: WebpfError): Judgement => ({
  ...NOTHING,
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
  // The text says it already.
  source: null,
});

/** Programs that could not even be linked have a verdict too. */
export const judgeUnlinked = ({ name, refused }: ObjectFile, wanted: string | undefined): Judgement[] =>
  refused
    .filter(({ program }) => wanted === undefined || program === wanted)
    .map(({ program, section, error }) => unlinked(name, program, section, error));

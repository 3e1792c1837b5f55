import type { VerdictWord } from '../../src/verifier/verification.ts';
import type { Row } from './row.ts';

/**
 * Beside the verifier's own words: `refused` by our loader, `absent` from the object as we read it, `crash` when the
 * verifier threw, `hung` when it did not answer in time.
 */
export type Word = VerdictWord | 'refused' | 'absent' | 'crash' | 'hung';

/** What ours said of one program. Plain data: it crosses threads. */
export interface Ours {
  readonly word: Word;
  /** '' where accepted. */
  readonly reason: string;
  readonly insn: number | undefined;
  /** Slots of the linked program; 0 when there is none. */
  readonly insns: number;
  readonly insnsProcessed: number;
  readonly totalStates: number;
  readonly peakStates: number;
  /** Bytes. */
  readonly memory: number;
  /** Wall-clock time of the call. */
  readonly ms: number;
}

export interface Outcome {
  readonly row: Row;
  readonly ours: Ours;
}

const NOTHING = { insns: 0, insnsProcessed: 0, totalStates: 0, peakStates: 0, memory: 0, ms: 0 };

/** An outcome without a walk. */
export const unwalked = (word: Word, reason: string, known: Partial<Ours> = {}): Ours => ({
  ...NOTHING,
  insn: undefined,
  ...known,
  word,
  reason,
});

/** Both gave a verdict, and the same one. */
export const agrees = ({ row, ours }: Outcome): boolean => row.verdict === ours.word;

/** Both gave a verdict. */
export const compared = ({ row, ours }: Outcome): boolean =>
  row.verdict !== 'noattempt' && (ours.word === 'accept' || ours.word === 'reject');

/** The one difference that must not be: the kernel rejects the program, ours accepts it. */
export const unsafe = ({ row, ours }: Outcome): boolean => row.verdict === 'reject' && ours.word === 'accept';

/** A bug of ours, whatever the kernel says. */
export const broken = ({ ours }: Outcome): boolean => ours.word === 'crash' || ours.word === 'hung';

/** The linked program is not the kernel's: its verdict says little. */
export const otherCode = ({ row, ours }: Outcome): boolean =>
  row.insn_cnt !== undefined && ours.insns > 0 && ours.insns !== row.insn_cnt;

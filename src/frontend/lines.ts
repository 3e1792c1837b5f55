import type { SourceLine } from '../errors.ts';
import type { LineInfo } from './program.ts';

/** The source line of a slot: the last entry at or before it. `lines` are sorted by slot. */
export const sourceAt = (lines: readonly LineInfo[], slot: number): SourceLine | undefined =>
  lines.findLast(({ insn }) => insn <= slot);

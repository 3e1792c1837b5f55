/** The kernel's verdicts on programs of public objects, one JSON object a line. */
import { readFileSync } from 'node:fs';
import type { ProgramType } from '../../src/frontend/program.ts';

export interface Row {
  /** Path under the directory of objects. */
  readonly object: string;
  readonly section: string;
  /** '' in the one row of an object that cannot be opened at all. */
  readonly prog: string;
  /** The type it was loaded with: the section's, or a guess. */
  readonly type: ProgramType;
  readonly verdict: 'accept' | 'reject' | 'noattempt';
  /** Kind of the reason, for groups. */
  readonly class: string;
  readonly reason: string;
  /** -1 or absent where the log names none. */
  readonly fail_insn?: number;
  readonly insn_cnt?: number;
  readonly insns_processed?: number;
  readonly total_states?: number;
  readonly license?: string;
  /** µs of the whole load, where the verdicts were made. */
  readonly kernel_load_us?: number;
}

export function readRows(path: string, only = ''): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
    .filter(({ object, section, prog }) => `${object} ${section} ${prog}`.includes(only));
}

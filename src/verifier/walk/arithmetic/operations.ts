/** Families of operations. */
import type { AluOp } from '../../../isa/insn.ts';

export const SHIFTS: ReadonlySet<AluOp> = new Set(['lsh', 'rsh', 'arsh']);
export const DIVISIONS: ReadonlySet<AluOp> = new Set(['div', 'sdiv', 'mod', 'smod']);

/** Conditional jumps as comparisons. RFC 9669, section 4.3. */
import type { JumpOp } from '../isa/insn.ts';
import type { BinaryName } from './builder.ts';

/** jset is the only one that is not a comparison of its own. */
export const COMPARISONS: Readonly<Record<Exclude<JumpOp, 'jset'>, BinaryName>> = {
  jeq: 'eq',
  jgt: 'gt_u',
  jge: 'ge_u',
  jne: 'ne',
  jsgt: 'gt_s',
  jsge: 'ge_s',
  jlt: 'lt_u',
  jle: 'le_u',
  jslt: 'lt_s',
  jsle: 'le_s',
};

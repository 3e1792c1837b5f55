/** The other way round: branches are written as taken, or as not taken. */
import type { BinaryName } from '../builder.ts';
import { Value } from './value.ts';

const OPPOSITE: Readonly<Record<string, BinaryName>> = {
  eq: 'ne',
  ne: 'eq',
  lt_s: 'ge_s',
  lt_u: 'ge_u',
  le_s: 'gt_s',
  le_u: 'gt_u',
  gt_s: 'le_s',
  gt_u: 'le_u',
  ge_s: 'lt_s',
  ge_u: 'lt_u',
};

/**
 * `!(a < b)` is `a >= b`: a value of its own and in the place of the other, which must not have been computed. Another
 * of the same operands would not do, as its local may hold something else by now.
 */
export function negated({ op, a, b, slot, home }: Value): Value | undefined {
  const opposite = OPPOSITE[op.slice(4)];
  if (opposite === undefined || a === undefined || b === undefined || home >= 0) return undefined;
  const made = new Value(`${a.type}.${opposite}`, 'i32', { a, b });
  made.slot = slot;
  return made;
}

/** Comparisons: in 32 bits where the numbers have no more, and without a second operand where it is zero. */
import type { BinaryName } from '../builder.ts';
import { constant, fits, isConst, isZero, Value } from '../ssa/value.ts';
import type { BinaryRule, UnaryRule, Values } from '../ssa/values.ts';

const half = (values: Values, value: Value): Value =>
  isConst(value) ? constant('i32', value.constant) : values.wrap(value);

/** An extension in front of a comparison costs an instruction wherever V8 cannot tell that it does nothing. */
export const compareHalves =
  (name: BinaryName): BinaryRule =>
  (values, type, a, b) =>
    type === 'i64' && a.op === 'i64.extend_u' && fits(b, 32) && (b.op === 'i64.extend_u' || isConst(b))
      ? values.binary(name, 'i32', half(values, a), half(values, b))
      : undefined;

/** Signed comparison of numbers that cannot be negative. */
export const compareUnsigned =
  (name: 'lt_u' | 'le_u' | 'gt_u' | 'ge_u'): BinaryRule =>
  (values, type, a, b) =>
    fits(a, 31) && fits(b, 31) ? values.binary(name, type, a, b) : undefined;

export const equalZero: BinaryRule = (values, type, a, b) =>
  isZero(b) ? values.unary(`${type}.eqz`, a) : undefined;

/** `extend(a) == 0` is `a == 0`. */
export const zeroExtended: UnaryRule = (values, a) =>
  a.op === 'i64.extend_u' && a.a !== undefined ? values.unary('i32.eqz', a.a) : undefined;

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

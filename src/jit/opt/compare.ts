/** Comparisons: in 32 bits where the numbers have no more, and without a second operand where it is zero. */
import type { BinaryName, BinaryOp } from '../builder.ts';
import { constant, fits, isConst, isZero, type Value } from '../ssa/value.ts';
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

/** The comparison that holds where this one does not; undefined for what is no comparison. */
export const oppositeOf = ({ op, a }: Value): BinaryOp | undefined => {
  const name = OPPOSITE[op.slice(4)];
  return name && a && `${a.type}.${name}`;
};

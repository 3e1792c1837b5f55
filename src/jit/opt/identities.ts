/** Operations that do nothing, or nothing that one operation less could not do. */
import { constant, isConst, isZero, numberOf } from '../ssa/value.ts';
import type { BinaryRule } from '../ssa/values.ts';

/** `a op 0` is a. */
export const neutralZero: BinaryRule = (_values, _type, a, b) => (isZero(b) ? a : undefined);

/** `a op 1` is a. */
export const neutralOne: BinaryRule = (_values, _type, a, b) =>
  isConst(b) && b.constant === 1n ? a : undefined;

/** `a op 0` is 0. */
export const absorbingZero: BinaryRule = (_values, _type, _a, b) => (isZero(b) ? b : undefined);

/** `a op a` is 0. */
export const cancelling: BinaryRule = (_values, type, a, b) => (a === b ? constant(type, 0n) : undefined);

/** `a op a` is a. */
export const idempotent: BinaryRule = (_values, _type, a, b) => (a === b ? a : undefined);

/** `(a + x) + y` is `a + (x + y)`: what is left is an offset of loads and stores. */
export const addConstants: BinaryRule = (values, type, a, b) =>
  isConst(b) && a.op === `${type}.add` && a.a !== undefined && isConst(a.b)
    ? values.binary('add', type, a.a, values.binary('add', type, a.b, b))
    : undefined;

/** `a + (b + x)` is `(a + b) + x`, the same for `(a + x) + b`. */
export const addConstantLast: BinaryRule = (values, type, a, b) => {
  for (const [sum, other] of [
    [b, a],
    [a, b],
  ] as const) {
    if (isConst(other) || sum.op !== `${type}.add` || sum.a === undefined || !isConst(sum.b)) continue;
    return values.binary('add', type, values.binary('add', type, other, sum.a), sum.b);
  }
  return undefined;
};

/** `a - x` is `a + -x`. */
export const subtractConstant: BinaryRule = (values, type, a, b) =>
  isConst(b) ? values.binary('add', type, a, constant(type, -b.constant)) : undefined;

/** `(a & x) & y` is `a & (x & y)`, the same for or and xor. */
export const joinConstants =
  (name: 'and' | 'or' | 'xor'): BinaryRule =>
  (values, type, a, b) =>
    isConst(b) && a.op === `${type}.${name}` && a.a !== undefined && isConst(a.b)
      ? values.binary(name, type, a.a, values.binary(name, type, a.b, b))
      : undefined;

/** `(a << x) << y` is `a << (x + y)`, as far as the sum is less than the width. */
export const joinShifts =
  (name: 'shl' | 'shr_u'): BinaryRule =>
  (values, type, a, b) => {
    if (a.op !== `${type}.${name}` || a.a === undefined) return undefined;
    const sum = numberOf(a.b) + numberOf(b);
    const isShort = numberOf(b) > 0 && numberOf(a.b) > 0 && sum < (type === 'i64' ? 64 : 32);
    return isShort ? values.binary(name, type, a.a, constant(type, BigInt(sum))) : undefined;
  };

/** `a & x` is a where no other bit can be set, and 0 where none of these can be. */
export const knownMask: BinaryRule = (_values, type, a, b) => {
  if (!isConst(b)) return undefined;
  if ((a.low & ~b.low) === 0 && (a.high & ~b.high) === 0) return a;
  return (a.low & b.low) === 0 && (a.high & b.high) === 0 ? constant(type, 0n) : undefined;
};

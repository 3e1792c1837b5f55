/**
 * Zero- and sign-extension: dropped where the bits are known, and told as such where code spells it in shifts and
 * masks, which V8 does not see through.
 */
import type { ValueType } from '../builder.ts';
import { constant, fits, isConst, numberOf, type Value } from '../ssa/value.ts';
import type { BinaryRule, UnaryRule, Values } from '../ssa/values.ts';

const LOW_HALF = 0xffffffffn;

/** `wrap(extend(a))` is a; and(a, 0xffffffff) has the same low half as a. */
export const wrapExtended: UnaryRule = (values, a) => {
  if ((a.op === 'i64.extend_u' || a.op === 'i64.extend_s') && a.a !== undefined) return a.a;
  if (a.op === 'i64.extend32_s' && a.a !== undefined) return values.wrap(a.a);
  const isMasked = a.op === 'i64.and' && a.a !== undefined && isConst(a.b) && a.b.low === 0xffffffff;
  return isMasked && a.a !== undefined ? values.wrap(a.a) : undefined;
};

/** `extend(wrap(a))` is a where a has no high bits. */
export const extendWrapped: UnaryRule = (_values, a) =>
  a.op === 'i32.wrap' && a.a !== undefined && fits(a.a, 32) ? a.a : undefined;

/** `a & 0xffffffff`. */
export const maskLowHalf: BinaryRule = (values, type, a, b) =>
  type === 'i64' && isConst(b) && b.constant === LOW_HALF ? values.extend(values.wrap(a)) : undefined;

const SIGNED = {
  i32: { 24: 'i32.extend8_s', 16: 'i32.extend16_s' },
  i64: { 56: 'i64.extend8_s', 48: 'i64.extend16_s', 32: 'i64.extend32_s' },
} as const;

const signExtension = (type: ValueType, count: number): keyof typeof SIGN_BITS | undefined =>
  (SIGNED[type] as Readonly<Record<number, keyof typeof SIGN_BITS>>)[count];

/** The bit that is copied upwards. */
const SIGN_BITS = {
  'i32.extend8_s': 7,
  'i32.extend16_s': 15,
  'i64.extend8_s': 7,
  'i64.extend16_s': 15,
  'i64.extend32_s': 31,
} as const;

/** A sign-extension of what has no bit from the sign bit on is nothing. */
export const extendPositive =
  (op: keyof typeof SIGN_BITS): UnaryRule =>
  (_values, a) =>
    fits(a, SIGN_BITS[op]) ? a : undefined;

const shift = (
  values: Values,
  name: 'shl' | 'shr_u' | 'shr_s',
  type: ValueType,
  a: Value,
  by: number,
): Value => values.binary(name, type, a, constant(type, BigInt(by)));

/** The operand and the counts of `(a << left) >> right`; right is b. */
function shiftsOf(
  type: ValueType,
  a: Value,
  b: Value,
): { of: Value; left: number; right: number } | undefined {
  const [left, right] = [numberOf(a.b), numberOf(b)];
  return a.op === `${type}.shl` && a.a !== undefined && left > 0 && right > 0
    ? { of: a.a, left, right }
    : undefined;
}

/** `(a << n) >> n` keeps the low bits; from `a << 32` on only the low half of a counts. */
export const shiftUpAndDown: BinaryRule = (values, type, a, b) => {
  const shifts = shiftsOf(type, a, b);
  if (shifts === undefined) return undefined;
  const { of, left, right } = shifts;
  if (type === 'i64' && left === 32) {
    const half = values.wrap(of);
    if (right < 32) return shift(values, 'shl', 'i64', values.extend(half), 32 - right);
    return values.extend(right === 32 ? half : shift(values, 'shr_u', 'i32', half, right - 32));
  }
  if (left !== right) return undefined;
  const width = type === 'i64' ? 64n : 32n;
  return values.binary('and', type, of, constant(type, (1n << (width - BigInt(left))) - 1n));
};

/** The same with the sign: `(a << n) >> n` is a sign-extension. */
export const shiftUpAndDownSigned: BinaryRule = (values, type, a, b) => {
  const shifts = shiftsOf(type, a, b);
  if (shifts === undefined) return undefined;
  const { of, left, right } = shifts;
  const op = left <= right || left === 32 ? signExtension(type, left) : undefined;
  if (op === undefined) return undefined;
  const extended = values.unary(op, of);
  if (right === left) return extended;
  return right > left
    ? shift(values, 'shr_s', type, extended, right - left)
    : shift(values, 'shl', type, extended, left - right);
};

/** `a >> n` of a number that is not negative. */
export const shiftPositive: BinaryRule = (values, type, a, b) => {
  const sign = type === 'i64' ? a.high : a.low;
  return sign < 0x80000000 ? values.binary('shr_u', type, a, b) : undefined;
};

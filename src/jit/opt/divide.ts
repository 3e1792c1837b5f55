/**
 * Division. V8 divides by constants through a multiplication, but 32-bit numbers only; and 64-bit division takes
 * longer than 32-bit division on many processors.
 */
import { constant, fits, isConst, numberOf, type Value } from '../ssa/value.ts';
import type { BinaryRule } from '../ssa/values.ts';

/** Numbers of 32 bits are divided as such. */
export const divideHalves =
  (name: 'div_u' | 'rem_u'): BinaryRule =>
  (values, type, a, b) =>
    type === 'i64' && fits(a, 32) && fits(b, 32)
      ? values.extend(values.binary(name, 'i32', values.wrap(a), values.wrap(b)))
      : undefined;

/** log2 of a power of two, else -1. */
function powerOf(value: Value): number {
  const { constant: bits } = value;
  return isConst(value) && bits > 0n && (bits & (bits - 1n)) === 0n ? bits.toString(2).length - 1 : -1;
}

export const divideByPower: BinaryRule = (values, type, a, b) => {
  const power = powerOf(b);
  return power < 0 ? undefined : values.binary('shr_u', type, a, constant(type, BigInt(power)));
};

export const restOfPower: BinaryRule = (values, type, a, b) =>
  powerOf(b) < 0 ? undefined : values.binary('and', type, a, constant(type, b.constant - 1n));

/** `(a / x) / y` is `a / (x * y)`. */
export const joinDivisions: BinaryRule = (values, type, a, b) => {
  const product = numberOf(a.b) * numberOf(b);
  const isSmall = product > 0 && product <= 0x7fffffff && numberOf(b) > 0;
  return a.op === `${type}.div_u` && a.a !== undefined && isSmall
    ? values.binary('div_u', type, a.a, constant(type, BigInt(product)))
    : undefined;
};

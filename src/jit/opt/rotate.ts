/** Rotations, which eBPF has no instruction for: `(a << n) | (a >> (width - n))`. */
import type { ValueType } from '../builder.ts';
import { constant, numberOf, type Value, widthOf } from '../ssa/value.ts';
import type { BinaryRule, Values } from '../ssa/values.ts';

/** Whether shift counts x and y add up to the width: constants, or `y = width - x` (also `-x`, as counts wrap). */
function complete(type: ValueType, x: Value, y: Value): boolean {
  const width = widthOf({ type });
  if (numberOf(x) + numberOf(y) === width) return true;
  return y.op === `${type}.sub` && y.b === x && (numberOf(y.a) === width || numberOf(y.a) === 0);
}

function rotation(values: Values, type: ValueType, left: Value, right: Value): Value | undefined {
  if (left.op !== `${type}.shl` || right.op !== `${type}.shr_u`) return undefined;
  const [of, up, down] = [left.a, left.b, right.b];
  if (of === undefined || of !== right.a || up === undefined || down === undefined) return undefined;
  if (complete(type, up, down)) return values.binary('rotl', type, of, up);
  return complete(type, down, up) ? values.binary('rotr', type, of, down) : undefined;
}

/** `a | b`, whichever is shifted up. */
export const rotate: BinaryRule = (values, type, a, b) =>
  rotation(values, type, a, b) ?? rotation(values, type, b, a);

/** Rotating up by n and by m is rotating by n + m. */
export const joinRotations: BinaryRule = (values, type, a, b) => {
  const sum = numberOf(a.b) + numberOf(b);
  if (a.op !== `${type}.rotl` || a.a === undefined || Number.isNaN(sum)) return undefined;
  return values.binary('rotl', type, a.a, constant(type, BigInt(sum % widthOf({ type }))));
};

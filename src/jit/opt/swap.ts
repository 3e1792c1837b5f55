/** Byte swaps: twice is nothing, of a constant or in a comparison they are done at translation time. */
import { constant, fits, isConst, load, type Value } from '../ssa/value.ts';
import type { BinaryRule, UnaryRule, Values } from '../ssa/values.ts';

export type SwapOp = 'i32.swap16' | 'i32.swap' | 'i64.swap';
const BYTES: Readonly<Record<SwapOp, number>> = { 'i32.swap16': 2, 'i32.swap': 4, 'i64.swap': 8 };

const isSwap = (op: string): op is SwapOp => op in BYTES;

/** Swapping back. The 16-bit swap drops the other half. */
export const swapTwice =
  (op: SwapOp): UnaryRule =>
  (values, a) => {
    if (a.op !== op || a.a === undefined) return undefined;
    return op === 'i32.swap16' ? values.binary('and', 'i32', a.a, constant('i32', 0xffffn)) : a.a;
  };

/** A load with the swap in it. The offset is added before: V8 keeps the sum of memory and offset in a register. */
export const swapLoaded: UnaryRule = (values, a) => {
  if (a.op !== 'load' || a.site?.op !== 'i64.load' || a.a === undefined) return undefined;
  const { offset } = a.site;
  const address = values.binary('add', 'i32', a.a, constant('i32', BigInt(offset)));
  return load({ ...a.site, op: 'i64.load_swapped', offset: 0 }, address);
};

/** Undefined unless constants are computed. */
function swappedConstant(values: Values, op: SwapOp, value: Value): Value | undefined {
  const bits = BigInt(8 * BYTES[op]);
  const swapped = value.constant >> bits === 0n ? values.unary(op, value) : undefined;
  return isConst(swapped) ? swapped : undefined;
}

/** A swap of 32 bits is compared as such, for what follows to see it. */
export const equalHalves =
  (name: 'eq' | 'ne'): BinaryRule =>
  (values, type, a, b) =>
    type === 'i64' && a.op === 'i64.extend_u' && a.a && isSwap(a.a.op) && isConst(b) && fits(b, 32)
      ? values.binary(name, 'i32', a.a, constant('i32', b.constant))
      : undefined;

/** `swap(a) == x` is `a == swap(x)`, as far as a has no bits that the swap drops. */
export const compareSwapped =
  (name: 'eq' | 'ne'): BinaryRule =>
  (values, type, a, b) => {
    if (!isConst(b) || !isSwap(a.op) || a.a === undefined) return undefined;
    const fitting = a.op !== 'i32.swap16' || a.a.low <= 0xffff;
    const swapped = fitting ? swappedConstant(values, a.op, b) : undefined;
    return swapped && values.binary(name, type, a.a, swapped);
  };

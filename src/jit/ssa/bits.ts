/** Which bits of a value may be set, from those of its operands. */
import type { Scalar } from '../../verifier/scalar.ts';
import type { BinaryName } from '../builder.ts';
import { isConst, numberOf, type Unary, type Value } from './value.ts';

/** Masks as two unsigned halves. */
export interface Bits {
  readonly low: number;
  readonly high: number;
}
const ALL: Bits = { low: 0xffffffff, high: 0xffffffff };
const BOOL: Bits = { low: 1, high: 0 };
const u32 = (value: number): number => value >>> 0;

/** All bits up to the highest of the mask. */
function filled(value: number): number {
  return value === 0 ? 0 : u32(0xffffffff >>> Math.clz32(value));
}

/** Every number of as many bits as the mask has. */
function below({ low, high }: Bits): Bits {
  return high === 0 ? { low: filled(low), high: 0 } : { low: 0xffffffff, high: filled(high) };
}

const union = (a: Bits, b: Bits): Bits => ({ low: u32(a.low | b.low), high: u32(a.high | b.high) });

function shifted({ low, high }: Bits, count: number): Bits {
  if (count === 0) return { low, high };
  if (count >= 32) return { low: 0, high: u32(low << (count - 32)) };
  return { low: u32(low << count), high: u32((high << count) | (low >>> (32 - count))) };
}

function shiftedDown({ low, high }: Bits, count: number): Bits {
  if (count === 0) return { low, high };
  if (count >= 32) return { low: high >>> (count - 32), high: 0 };
  return { low: u32((low >>> count) | (high << (32 - count))), high: high >>> count };
}

/** One bit more than the wider operand has, for the carry. */
function carried(a: Bits, b: Bits): Bits {
  const wide = below(union(a, b));
  return union(wide, shifted(wide, 1));
}

const width = ({ low, high }: Bits): number => (high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high));

function ofWidth(bits: number): Bits {
  if (bits >= 64) return ALL;
  return bits > 32
    ? { low: 0xffffffff, high: u32(2 ** (bits - 32) - 1) }
    : { low: u32(2 ** bits - 1), high: 0 };
}

type Rule = (a: Value, b: Value) => Bits;

const RULES: { readonly [Name in BinaryName]?: Rule } = {
  and: (a, b) => ({ low: u32(a.low & b.low), high: u32(a.high & b.high) }),
  or: union,
  xor: union,
  add: carried,
  mul: (a, b) => ofWidth(width(a) + width(b)),
  div_u: (a) => below(a),
  rem_u: (a, b) => (isConst(b) ? below(width(a) < width(b) ? a : b) : below(a)),
  shl: (a, b) => (isConst(b) ? shifted(a, numberOf(b)) : ALL),
  shr_u: (a, b) => (isConst(b) ? shiftedDown(a, numberOf(b)) : below(a)),
};

export const COMPARISONS: ReadonlySet<BinaryName> = new Set([
  'eq',
  'ne',
  'lt_s',
  'lt_u',
  'le_s',
  'le_u',
  'gt_s',
  'gt_u',
  'ge_s',
  'ge_u',
]);

/** Bits of `a op b`; comparisons give 0 or 1. */
export function binaryBits(name: BinaryName, a: Value, b: Value): Bits {
  const rule = RULES[name];
  if (rule !== undefined) return rule(a, b);
  return COMPARISONS.has(name) ? BOOL : ALL;
}

const SIGN = 0x80000000;

const UNARY: { readonly [Op in Unary]?: (a: Bits) => Bits } = {
  'i32.eqz': () => BOOL,
  'i64.eqz': () => BOOL,
  'i32.wrap': ({ low }) => ({ low, high: 0 }),
  'i64.extend_u': ({ low }) => ({ low, high: 0 }),
  'i32.swap16': () => ofWidth(16),
  'i64.extend_s': ({ low }) => ((low & SIGN) === 0 ? { low, high: 0 } : { low, high: 0xffffffff }),
};

export const unaryBits = (op: Unary, a: Value): Bits => UNARY[op]?.(a) ?? ALL;

export const unionBits = union;

/** Leaves only the bits of the mask to what is known of a value. */
export function setBits<V extends Bits & { low: number; high: number }>(value: V, { low, high }: Bits): V {
  value.low = u32(value.low & low);
  value.high = u32(value.high & high);
  return value;
}

const half = (value: bigint): number => Number(value & 0xffffffffn);

/** Bits that may be set in a number of which the verifier knows this. */
export function scalarBits({ value, mask, umax }: Scalar): Bits {
  const bits = value | mask;
  const most = below({ low: half(umax), high: half(umax >> 32n) });
  return { low: u32(half(bits) & most.low), high: u32(half(bits >> 32n) & most.high) };
}

/** Operations on constants are done at translation time. */
import type { BinaryName, ValueType } from '../builder.ts';
import { constant, isConst, type Unary, type Value, widthOf } from '../ssa/value.ts';
import type { BinaryRule, UnaryRule } from '../ssa/values.ts';

/** Operands as unsigned numbers, `width` bits wide. */
type Fold = (a: bigint, b: bigint, width: 32 | 64) => bigint | undefined;

const signed = (value: bigint, width: number): bigint => BigInt.asIntN(width, value);
const count = (b: bigint, width: 32 | 64): bigint => b & BigInt(width - 1);
const flag = (value: boolean): bigint => (value ? 1n : 0n);

const rotated = (a: bigint, by: bigint, width: 32 | 64): bigint => (a << by) | (a >> (BigInt(width) - by));

/** What traps in WebAssembly is left to it. */
export const FOLDS: Readonly<Record<BinaryName, Fold>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div_u: (a, b) => (b === 0n ? undefined : a / b),
  div_s: (a, b, width) => (b === 0n ? undefined : signed(a, width) / signed(b, width)),
  rem_u: (a, b) => (b === 0n ? undefined : a % b),
  rem_s: (a, b, width) => (b === 0n ? undefined : signed(a, width) % signed(b, width)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, width) => a << count(b, width),
  shr_u: (a, b, width) => a >> count(b, width),
  shr_s: (a, b, width) => signed(a, width) >> count(b, width),
  rotl: (a, b, width) => rotated(a, count(b, width), width),
  rotr: (a, b, width) => rotated(a, count(BigInt(width) - count(b, width), width), width),
  eq: (a, b) => flag(a === b),
  ne: (a, b) => flag(a !== b),
  lt_u: (a, b) => flag(a < b),
  le_u: (a, b) => flag(a <= b),
  gt_u: (a, b) => flag(a > b),
  ge_u: (a, b) => flag(a >= b),
  lt_s: (a, b, width) => flag(signed(a, width) < signed(b, width)),
  le_s: (a, b, width) => flag(signed(a, width) <= signed(b, width)),
  gt_s: (a, b, width) => flag(signed(a, width) > signed(b, width)),
  ge_s: (a, b, width) => flag(signed(a, width) >= signed(b, width)),
};

const UNARY: Readonly<Record<Unary, (a: bigint) => bigint>> = {
  'i32.eqz': (a) => flag(a === 0n),
  'i64.eqz': (a) => flag(a === 0n),
  'i32.wrap': (a) => a,
  'i64.extend_u': (a) => a,
  'i64.extend_s': (a) => signed(a, 32),
  'i32.extend8_s': (a) => signed(a, 8),
  'i32.extend16_s': (a) => signed(a, 16),
  'i64.extend8_s': (a) => signed(a, 8),
  'i64.extend16_s': (a) => signed(a, 16),
  'i64.extend32_s': (a) => signed(a, 32),
  'i32.swap16': (a) => swapped(a, 2),
  'i32.swap': (a) => swapped(a, 4),
  'i64.swap': (a) => swapped(a, 8),
};

/** The low `bytes` bytes turned round. */
function swapped(a: bigint, bytes: number): bigint {
  let sum = 0n;
  for (let i = 0n; i < bytes; i++) sum = (sum << 8n) | ((a >> (8n * i)) & 0xffn);
  return sum;
}

export const foldBinary =
  (name: BinaryName, result: (name: BinaryName, type: ValueType) => ValueType): BinaryRule =>
  (_values, type, a, b) => {
    if (!isConst(a) || !isConst(b)) return undefined;
    const folded = FOLDS[name](a.constant, b.constant, widthOf({ type }));
    return folded === undefined ? undefined : constant(result(name, type), folded);
  };

export const foldUnary =
  (op: Unary, type: ValueType): UnaryRule =>
  (_values, a: Value) =>
    isConst(a) ? constant(type, UNARY[op](a.constant)) : undefined;

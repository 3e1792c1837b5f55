/** What values stand for, over BigInt: a derivation of its own, from the WebAssembly specification. */
import type { BinaryName, ValueType } from '../../../src/jit/builder.ts';
import { type LoadSite, type Value, widthOf } from '../../../src/jit/ssa/value.ts';

/** What the leaves of values stand for. */
export interface World {
  /** By local number. */
  readonly locals: readonly bigint[];
  /** Memory by epoch, from address 0. */
  readonly memories: readonly Uint8Array[];
}

type Width = 32 | 64;
type Operation = (a: bigint, b: bigint, width: Width) => bigint;

const count = (b: bigint, width: Width): bigint => b % BigInt(width);
const truth = (value: boolean): bigint => (value ? 1n : 0n);
const signed =
  (operation: Operation): Operation =>
  (a, b, width) =>
    operation(BigInt.asIntN(width, a), BigInt.asIntN(width, b), width);
const rotl: Operation = (a, b, width) => (a << count(b, width)) | (a >> (BigInt(width) - count(b, width)));

const BINARY: Readonly<Record<BinaryName, Operation>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div_u: (a, b) => a / b,
  div_s: signed((a, b) => a / b),
  rem_u: (a, b) => a % b,
  rem_s: signed((a, b) => a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, width) => a << count(b, width),
  shr_u: (a, b, width) => a >> count(b, width),
  shr_s: (a, b, width) => BigInt.asIntN(width, a) >> count(b, width),
  rotl,
  rotr: (a, b, width) => rotl(a, BigInt(width) - count(b, width), width),
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  lt_u: (a, b) => truth(a < b),
  le_u: (a, b) => truth(a <= b),
  gt_u: (a, b) => truth(a > b),
  ge_u: (a, b) => truth(a >= b),
  lt_s: signed((a, b) => truth(a < b)),
  le_s: signed((a, b) => truth(a <= b)),
  gt_s: signed((a, b) => truth(a > b)),
  ge_s: signed((a, b) => truth(a >= b)),
};

const bytesOf = (value: bigint, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
const numberOf = (bytes: readonly number[]): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const swapped = (value: bigint, size: number): bigint => numberOf(bytesOf(value, size).reverse());

const UNARY: Readonly<Record<string, (a: bigint) => bigint>> = {
  'i32.eqz': (a) => truth(a === 0n),
  'i64.eqz': (a) => truth(a === 0n),
  'i32.wrap': (a) => a,
  'i64.extend_u': (a) => a,
  'i64.extend_s': (a) => BigInt.asIntN(32, a),
  'i32.extend8_s': (a) => BigInt.asIntN(8, a),
  'i32.extend16_s': (a) => BigInt.asIntN(16, a),
  'i64.extend8_s': (a) => BigInt.asIntN(8, a),
  'i64.extend16_s': (a) => BigInt.asIntN(16, a),
  'i64.extend32_s': (a) => BigInt.asIntN(32, a),
  'i32.swap16': (a) => swapped(a, 2),
  'i32.swap': (a) => swapped(a, 4),
  'i64.swap': (a) => swapped(a, 8),
};

const LOADED: Readonly<Record<string, number>> = {
  'i64.load8_u': 1,
  'i64.load16_u': 2,
  'i64.load32_u': 4,
  'i64.load': 8,
  'i64.load_swapped': 8,
};

function loaded({ op, offset, epoch }: LoadSite, address: bigint, { memories }: World): bigint {
  const size = LOADED[op] ?? 0;
  const start = Number(address) + offset;
  const bytes = [...(memories[epoch]?.subarray(start, start + size) ?? [])];
  if (bytes.length !== size || size === 0) throw new Error(`${op} at ${start}`);
  return numberOf(op === 'i64.load_swapped' ? bytes.reverse() : bytes);
}

/** As an unsigned number of the value's width. */
export function evaluate(value: Value, world: World, known = new Map<Value, bigint>()): bigint {
  const before = known.get(value);
  if (before !== undefined) return before;
  const result = BigInt.asUintN(widthOf(value), compute(value, world, known));
  known.set(value, result);
  return result;
}

function compute({ op, a, b, c, ...value }: Value, world: World, known: Map<Value, bigint>): bigint {
  if (op === 'const') return value.constant;
  if (op === 'local') return world.locals[value.index] ?? 0n;
  if (a === undefined) throw new Error(`${op} is no value of its own`);
  const first = evaluate(a, world, known);
  if (op === 'pinned') return first;
  if (op === 'load' && value.site) return loaded(value.site, first, world);
  if (b === undefined) return operation(UNARY, op)(first);
  const second = evaluate(b, world, known);
  if (c !== undefined) return evaluate(c, world, known) === 0n ? second : first;
  return operation<Operation>(BINARY, op.slice(4))(first, second, widthOf(a));
}

function operation<O>(table: Readonly<Record<string, O>>, op: string): O {
  const found = table[op];
  if (found === undefined) throw new Error(`no operation ${op}`);
  return found;
}

/** The result of one operation on numbers. */
export const operate = (name: BinaryName, type: ValueType, a: bigint, b: bigint): bigint =>
  BINARY[name](a, b, widthOf({ type }));

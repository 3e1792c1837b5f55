/** Arithmetic and conditions of RFC 9669 over BigInt: a derivation of its own, to hold the JIT against. */
import type { AluOp, JumpOp, Width } from '../../src/isa/insn.ts';

const unsigned = BigInt.asUintN;
const signed = BigInt.asIntN;

type Binary = (a: bigint, b: bigint, bits: Width) => bigint;

const quotient: Binary = (a, b) => (b === 0n ? 0n : a / b);
const rest: Binary = (a, b) => (b === 0n ? a : a % b);
const inSigned =
  (f: Binary): Binary =>
  (a, b, bits) =>
    f(signed(bits, a), signed(bits, b), bits);
const count = (b: bigint, bits: Width): bigint => b & BigInt(bits - 1);

const ALU: Readonly<Record<AluOp, Binary>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: quotient,
  sdiv: inSigned(quotient),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  lsh: (a, b, bits) => a << count(b, bits),
  rsh: (a, b, bits) => a >> count(b, bits),
  mod: rest,
  smod: inSigned(rest),
  xor: (a, b) => a ^ b,
  mov: (_, b) => b,
  movsx8: (_, b) => signed(8, b),
  movsx16: (_, b) => signed(16, b),
  movsx32: (_, b) => signed(32, b),
  arsh: (a, b, bits) => signed(bits, a) >> count(b, bits),
};

/** dst after the instruction; operands are taken, and the result given, as unsigned 64 bits. */
export const alu = (op: AluOp, width: Width, dst: bigint, src: bigint): bigint =>
  unsigned(width, ALU[op](unsigned(width, dst), unsigned(width, src), width));

const JUMPS: Readonly<Record<JumpOp, (a: bigint, b: bigint, bits: Width) => boolean>> = {
  jeq: (a, b) => a === b,
  jne: (a, b) => a !== b,
  jset: (a, b) => (a & b) !== 0n,
  jgt: (a, b) => a > b,
  jge: (a, b) => a >= b,
  jlt: (a, b) => a < b,
  jle: (a, b) => a <= b,
  jsgt: (a, b, bits) => signed(bits, a) > signed(bits, b),
  jsge: (a, b, bits) => signed(bits, a) >= signed(bits, b),
  jslt: (a, b, bits) => signed(bits, a) < signed(bits, b),
  jsle: (a, b, bits) => signed(bits, a) <= signed(bits, b),
};

export const jumps = (op: JumpOp, width: Width, a: bigint, b: bigint): boolean =>
  JUMPS[op](unsigned(width, a), unsigned(width, b), width);

/** The low `bits` of a value with their bytes in reverse, zero-extended. */
export const swapped = (bits: 16 | 32 | 64, value: bigint): bigint => {
  let result = 0n;
  for (let shift = 0; shift < bits; shift += 8) result = (result << 8n) | ((value >> BigInt(shift)) & 0xffn);
  return result;
};

export const truncated = unsigned;

/** Values at which arithmetic has its edges. */
export const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  7n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  0x7fff_ffff_8000_0000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x8000000080000000n,
  0xffffffff00000000n,
  0xfffffffffffffff9n,
  0xffffffffffffffffn,
  0x0123456789abcdefn,
  0xfedcba9876543210n,
];

/** Immediates at which it has. */
export const IMMEDIATES: readonly number[] = [
  0, 1, -1, 2, -2, 3, 7, 8, -8, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff,
  -0x80000000,
];

import type { AluOp, EndianOp, JumpOp, Width } from '../../../src/isa/insn.ts';

// What instructions do, on BigInt (RFC 9669, sections 4.1 to 4.3); written from the text, not from the
// domain.

export const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);

export const ALU_OPS: readonly AluOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sdiv',
  'or',
  'and',
  'lsh',
  'rsh',
  'mod',
  'smod',
  'xor',
  'mov',
  'movsx8',
  'movsx16',
  'movsx32',
  'arsh',
];
export const JUMP_OPS: readonly JumpOp[] = [
  'jeq',
  'jgt',
  'jge',
  'jset',
  'jne',
  'jsgt',
  'jsge',
  'jlt',
  'jle',
  'jslt',
  'jsle',
];
export const WIDTHS: readonly Width[] = [32, 64];

type Binary = (a: bigint, b: bigint, width: number) => bigint;
const signed = (x: bigint, width: number): bigint => BigInt.asIntN(width, x);
const count = (b: bigint, width: number): bigint => b & BigInt(width - 1);

const ALU: Readonly<Record<AluOp, Binary>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b, width) => (b === 0n ? 0n : signed(a, width) / signed(b, width)),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  lsh: (a, b, width) => a << count(b, width),
  rsh: (a, b, width) => a >> count(b, width),
  mod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, width) => (b === 0n ? a : signed(a, width) % signed(b, width)),
  xor: (a, b) => a ^ b,
  mov: (_, b) => b,
  movsx8: (_, b) => BigInt.asIntN(8, b),
  movsx16: (_, b) => BigInt.asIntN(16, b),
  movsx32: (_, b) => BigInt.asIntN(32, b),
  arsh: (a, b, width) => signed(a, width) >> count(b, width),
};

/** dst op src; all numbers are unsigned 64-bit. */
export function aluReference(op: AluOp, width: Width, a: bigint, b: bigint): bigint {
  return BigInt.asUintN(width, ALU[op](BigInt.asUintN(width, a), BigInt.asUintN(width, b), width));
}

const JUMP: Readonly<Record<JumpOp, (a: bigint, b: bigint) => boolean>> = {
  jeq: (a, b) => a === b,
  jne: (a, b) => a !== b,
  jgt: (a, b) => a > b,
  jge: (a, b) => a >= b,
  jlt: (a, b) => a < b,
  jle: (a, b) => a <= b,
  jset: (a, b) => (a & b) !== 0n,
  jsgt: (a, b) => a > b,
  jsge: (a, b) => a >= b,
  jslt: (a, b) => a < b,
  jsle: (a, b) => a <= b,
};

export function jumpReference(op: JumpOp, width: Width, a: bigint, b: bigint): boolean {
  const seen = op.startsWith('js') && op !== 'jset' ? BigInt.asIntN : BigInt.asUintN;
  return JUMP[op](seen(width, a), seen(width, b));
}

export function endianReference(op: EndianOp, bits: number, x: bigint): bigint {
  const bytes = Array.from({ length: bits / 8 }, (_, i) => (x >> BigInt(8 * i)) & 0xffn);
  if (op !== 'le') bytes.reverse();
  return bytes.reduce((sum, byte, i) => sum | (byte << BigInt(8 * i)), 0n);
}

import type { AluOp, Width } from '../../src/isa/insn.ts';
import { bounded } from './held.ts';

const ALL_32 = 0xffff_ffff;

/** The least number of the form 2^n - 1 that is not below. */
const filled = (x: number): number => 2 ** Math.ceil(Math.log2(x + 1)) - 1;

/** Greatest results of operations on numbers with these greatest values, where a compiler would know. */
const GREATEST: Partial<Record<AluOp, (a: number, b: number, isConstant: boolean) => number | undefined>> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b, isConstant) => (isConstant && b > 0 ? Math.floor(a / b) : a),
  or: (a, b) => filled(Math.max(a, b)),
  xor: (a, b) => filled(Math.max(a, b)),
  and: (a, b) => Math.min(a, b),
  lsh: (a, b) => (b < 48 ? a * 2 ** b : undefined),
  rsh: (a, b, isConstant) => (isConstant ? Math.floor(a / 2 ** (b & 63)) : a),
  mod: (_, b, isConstant) => (isConstant && b > 0 ? b - 1 : undefined),
  mov: (_, b) => b,
};

/** What is left of a number after `& imm`, or `% imm`, whatever it was before. */
function reduced(op: AluOp, b: number | undefined, isConstant: boolean): number | undefined {
  if (op === 'and' && b !== undefined) return b;
  return op === 'mod' && isConstant && b !== undefined && b > 0 ? b - 1 : undefined;
}

export function estimate(
  op: AluOp,
  width: Width,
  a: number | undefined,
  b: number | undefined,
  isConstant: boolean,
): number | undefined {
  const greatest =
    op === 'mov' ? b : a === undefined || b === undefined ? undefined : GREATEST[op]?.(a, b, isConstant);
  const known = greatest ?? reduced(op, b, isConstant);
  if (width === 64) return known === undefined ? undefined : bounded(known);
  return known === undefined || known > ALL_32 ? ALL_32 : bounded(known);
}

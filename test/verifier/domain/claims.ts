import type { AluOp, JumpOp, Width } from '../../../src/isa/insn.ts';
import { ALU_NUMBER, Domain, JUMP_NUMBER } from '../../../src/verifier/domain.ts';
import { aluReference, jumpReference, u64 } from './reference.ts';
import { describe } from './scalars.ts';

// What the domain claims of scalars, held against their values. Every function returns the first claim that
// a value breaks, in words, or undefined. Operands are at `a` and `b` and stay there; `xs` and `ys` are
// values of theirs.

export type Values = readonly bigint[];

export const domain = await Domain.open();
const { ops } = domain;
export const [a, b, c, d] = [domain.at(0), domain.at(1), domain.at(2), domain.at(3)];

export const hex = (x: bigint): string => `0x${x.toString(16)}`;
export const text = (address: number): string => describe(domain.read(address));

/** The first pair of values whose result is not in the scalar at `c`. */
export function lost(xs: Values, ys: Values, result: (x: bigint, y: bigint) => bigint): string | undefined {
  for (const x of xs) {
    for (const y of ys) {
      const r = result(x, y);
      if (ops.contains(c, r) === 0) return `${hex(x)} and ${hex(y)} give ${hex(r)}, not in ${text(c)}`;
    }
  }
  return undefined;
}

export function alu(op: AluOp, width: Width, xs: Values, ys: Values): string | undefined {
  ops.copy(c, a);
  ops.alu(ALU_NUMBER[op], width, c, b);
  return lost(xs, ys, (x, y) => aluReference(op, width, x, y));
}

export function aluItself(op: AluOp, width: Width, xs: Values): string | undefined {
  ops.copy(c, a);
  ops.alu(ALU_NUMBER[op], width, c, c);
  return lost(xs, [0n], (x) => aluReference(op, width, x, x));
}

export function aluImm(op: AluOp, width: Width, xs: Values, imm: number): string | undefined {
  ops.copy(c, a);
  ops.aluImm(ALU_NUMBER[op], width, c, imm);
  return lost(xs, [u64(BigInt(imm))], (x, y) => aluReference(op, width, x, y));
}

/** Values for which the jump is taken (or not) that its refinement loses. */
function way(op: JumpOp, width: Width, taken: number, xs: Values, ys: Values): string | undefined {
  const always = ops.branchTaken(JUMP_NUMBER[op], width, a, b);
  ops.copy(c, a);
  ops.copy(d, b);
  const possible = ops.refine(JUMP_NUMBER[op], width, taken, c, d) !== 0 && always !== 1 - taken;
  for (const x of xs) {
    for (const y of ys) {
      if (Number(jumpReference(op, width, x, y)) !== taken) continue;
      if (possible && ops.contains(c, x) !== 0 && ops.contains(d, y) !== 0) continue;
      return `taken ${taken} (${always}, ${possible}) loses ${hex(x)}, ${hex(y)}: ${text(c)}; ${text(d)}`;
    }
  }
  return undefined;
}

export function jump(op: JumpOp, width: Width, xs: Values, ys: Values): string | undefined {
  return way(op, width, 0, xs, ys) ?? way(op, width, 1, xs, ys);
}

type Refine = (op: number, width: number, taken: number) => boolean;

function wayOfOne(
  op: JumpOp,
  width: Width,
  taken: number,
  xs: Values,
  other: (x: bigint) => bigint,
  refine: Refine,
) {
  ops.copy(c, a);
  const possible = refine(JUMP_NUMBER[op], width, taken);
  const x = xs.find(
    (value) =>
      Number(jumpReference(op, width, value, other(value))) === taken &&
      (!possible || ops.contains(c, value) === 0),
  );
  return x === undefined ? undefined : `taken ${taken} (${possible}) loses ${hex(x)}: ${text(c)}`;
}

export function jumpItself(op: JumpOp, width: Width, xs: Values): string | undefined {
  const refine: Refine = (...jump) => ops.refine(...jump, c, c) !== 0;
  const same = (x: bigint): bigint => x;
  return wayOfOne(op, width, 0, xs, same, refine) ?? wayOfOne(op, width, 1, xs, same, refine);
}

export function jumpImm(op: JumpOp, width: Width, xs: Values, imm: number): string | undefined {
  const refine: Refine = (...jump) => ops.refineImm(...jump, c, imm) !== 0;
  const constant = (): bigint => u64(BigInt(imm));
  return wayOfOne(op, width, 0, xs, constant, refine) ?? wayOfOne(op, width, 1, xs, constant, refine);
}

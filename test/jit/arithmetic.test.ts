import { expect, test } from 'vitest';
import type { AluOp, Insn, JumpOp, Operand, Width } from '../../src/isa/insn.ts';
import { trustedProof } from '../../src/verifier/proof.ts';
import { alu, endian, exit, jump, load, mov, neg, r, store } from '../interp/insns.ts';
import { JitMachine } from './harness.ts';
import * as reference from './reference.ts';

const OPS: readonly AluOp[] = [
  ...(['add', 'sub', 'mul', 'div', 'sdiv', 'or', 'and', 'lsh', 'rsh', 'mod', 'smod', 'xor', 'mov'] as const),
  'arsh',
];
const SIGN_EXTENSIONS: readonly (readonly [AluOp, Width])[] = [
  ['movsx8', 32],
  ['movsx16', 32],
  ['movsx8', 64],
  ['movsx16', 64],
  ['movsx32', 64],
];
const JUMPS: readonly JumpOp[] = [
  ...(['jeq', 'jne', 'jset', 'jgt', 'jge', 'jlt', 'jle', 'jsgt', 'jsge', 'jslt', 'jsle'] as const),
];
const WIDTHS: readonly Width[] = [32, 64];

const words = (...values: bigint[]): number[] => [...new Uint8Array(BigUint64Array.from(values).buffer)];

/** A computation of r3 from r3 = a and r4 = b, and what it must give. */
interface Computation {
  readonly what: string;
  readonly insns: readonly Insn[];
  readonly expected: (a: bigint, b: bigint) => bigint;
  /** b does not matter: one value of it is enough. */
  readonly unary?: boolean;
}

/** One program does them all: it reads a and b from memory and writes every result behind them. */
const programOf = (computations: readonly Computation[]): Insn[] => [
  mov(6, r(1)),
  ...computations.flatMap(({ insns }, index) => [
    load(8, 3, 6, 0),
    load(8, 4, 6, 8),
    ...insns,
    store(8, 6, 16 + 8 * index, r(3)),
  ]),
  mov(0, 0),
  exit,
];

const check = async (computations: readonly Computation[], values: readonly bigint[], optimize: boolean) => {
  const machine = new JitMachine();
  const insns = programOf(computations);
  const prog = await machine.translate({ insns, proof: trustedProof }, { optimize });
  for (const a of values) {
    for (const b of values) {
      const packet = words(a, b, ...computations.map(() => 0n));
      const after = machine.executeTranslated(prog, { packet }).packet;
      const results = new BigUint64Array(Uint8Array.from(after).buffer).subarray(2);
      computations.forEach(({ what, expected, unary }, index) => {
        if ((unary && b !== values[0]) || results[index] === expected(a, b)) return;
        expect.fail(`${what} of ${a} and ${b}: ${results[index]} instead of ${expected(a, b)}`);
      });
    }
  }
};

const operands: readonly Operand[] = [r(4), ...reference.IMMEDIATES.map((imm) => ({ imm }))];
const second = (operand: Operand, b: bigint): bigint => (operand.src === undefined ? BigInt(operand.imm) : b);
const name = (operand: Operand): string => String(operand.src === undefined ? operand.imm : 'register');

const arithmetic = OPS.flatMap((op) =>
  WIDTHS.flatMap((width) =>
    operands.map(
      (operand): Computation => ({
        what: `${op}${width} ${name(operand)}`,
        insns: [alu(op, 3, operand, width)],
        expected: (a, b) => reference.alu(op, width, a, second(operand, b)),
        unary: operand.src === undefined,
      }),
    ),
  ),
);

const signExtensions = SIGN_EXTENSIONS.map(
  ([op, width]): Computation => ({
    what: `${op} to ${width}`,
    insns: [alu(op, 3, r(4), width)],
    expected: (a, b) => reference.alu(op, width, a, b),
  }),
);

const jumpsOf = JUMPS.flatMap((op) =>
  WIDTHS.flatMap((width) =>
    operands.map(
      (operand): Computation => ({
        what: `${op}${width} ${name(operand)}`,
        insns: [mov(5, 1), jump(op, 3, operand, 1, width), mov(5, 0), mov(3, r(5))],
        expected: (a, b) => (reference.jumps(op, width, a, second(operand, b)) ? 1n : 0n),
        unary: operand.src === undefined,
      }),
    ),
  ),
);

const unary = [
  ...WIDTHS.map((width): Computation => {
    const expected = (a: bigint): bigint => reference.alu('sub', width, 0n, a);
    return { what: `neg${width}`, insns: [neg(3, width)], expected };
  }),
  ...([16, 32, 64] as const).flatMap((bits): Computation[] => [
    { what: `le${bits}`, insns: [endian('le', 3, bits)], expected: (a) => reference.truncated(bits, a) },
    { what: `be${bits}`, insns: [endian('be', 3, bits)], expected: (a) => reference.swapped(bits, a) },
    { what: `bswap${bits}`, insns: [endian('bswap', 3, bits)], expected: (a) => reference.swapped(bits, a) },
  ]),
];

test.each([false, true])('arithmetic (optimized: %s)', async (optimize) => {
  await check(arithmetic, reference.EDGES, optimize);
});

test.each([false, true])('conditions (optimized: %s)', async (optimize) => {
  await check(jumpsOf, reference.EDGES, optimize);
});

test.each([false, true])('sign extension, negation, byte order (optimized: %s)', async (optimize) => {
  await check([...signExtensions, ...unary], reference.EDGES, optimize);
});

test('both operands may be the same register', async () => {
  const same = OPS.flatMap((op) =>
    WIDTHS.map(
      (width): Computation => ({
        what: `${op}${width} with itself`,
        insns: [alu(op, 3, r(3), width)],
        expected: (a) => reference.alu(op, width, a, a),
      }),
    ),
  );
  await check(same, reference.EDGES, false);
});

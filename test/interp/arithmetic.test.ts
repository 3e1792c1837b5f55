import { describe, expect, it } from 'vitest';
import type { AluOp, Insn, JumpOp, Width } from '../../src/isa/insn.ts';
import { Machine } from './harness.ts';
import { alu, endian, exit, jump, lddw, load, mov, neg, r } from './insns.ts';

/** Values around every boundary of 8, 16, 32 and 64 bits. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1234_5678_9abc_def0n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_fff3n,
  0xffff_ffff_ffff_ffffn,
];
const IMMEDIATES = [0, 1, -1, 3, -3, 31, 33, 63, 64, 0x7fffffff, -0x80000000];

const u = (bits: number, value: bigint): bigint => BigInt.asUintN(bits, value);
const s = (bits: number, value: bigint): bigint => BigInt.asIntN(bits, value);

/** RFC 9669, section 4.1, over operands already cut to `n` bits; the caller cuts the result. */
const ALU: Record<AluOp, (a: bigint, b: bigint, n: Width) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b, n) => (b === 0n ? 0n : s(n, a) / s(n, b)),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  lsh: (a, b, n) => a << (b & BigInt(n - 1)),
  rsh: (a, b, n) => a >> (b & BigInt(n - 1)),
  mod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, n) => (b === 0n ? a : s(n, a) % s(n, b)),
  xor: (a, b) => a ^ b,
  mov: (_, b) => b,
  movsx8: (_, b) => s(8, b),
  movsx16: (_, b) => s(16, b),
  movsx32: (_, b) => s(32, b),
  arsh: (a, b, n) => s(n, a) >> (b & BigInt(n - 1)),
};

const JUMP: Record<JumpOp, (a: bigint, b: bigint, n: Width) => boolean> = {
  jeq: (a, b) => a === b,
  jgt: (a, b) => a > b,
  jge: (a, b) => a >= b,
  jset: (a, b) => (a & b) !== 0n,
  jne: (a, b) => a !== b,
  jsgt: (a, b, n) => s(n, a) > s(n, b),
  jsge: (a, b, n) => s(n, a) >= s(n, b),
  jlt: (a, b) => a < b,
  jle: (a, b) => a <= b,
  jslt: (a, b, n) => s(n, a) < s(n, b),
  jsle: (a, b, n) => s(n, a) <= s(n, b),
};

const registerOnly: readonly AluOp[] = ['movsx8', 'movsx16', 'movsx32'];
const aluOps = Object.keys(ALU) as AluOp[];
const jumpOps = Object.keys(JUMP) as JumpOp[];
const machine = new Machine();

const bytesOf = (...values: readonly bigint[]): number[] => {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => {
    view.setBigUint64(8 * i, value, true);
  });
  return [...new Uint8Array(view.buffer)];
};

/** r0 = first operand, r2 = second, then `body`. */
const overOperands = (...body: readonly Insn[]): number =>
  machine.program({ insns: [load(8, 0, 1, 0), load(8, 2, 1, 8), ...body, exit] });

const results = (prog: number): bigint[] =>
  EDGES.flatMap((a) => EDGES.map((b) => machine.execute(prog, { packet: bytesOf(a, b) }).r0));

const expected = (width: Width, f: (a: bigint, b: bigint, n: Width) => bigint, seconds = EDGES): bigint[] =>
  EDGES.flatMap((a) => seconds.map((b) => u(width, f(u(width, a), u(width, b), width))));

describe.each([64, 32] as const)('%i-bit arithmetic', (width) => {
  it.each(aluOps.filter((op) => width === 64 || op !== 'movsx32'))('%s with a register', (op) => {
    expect(results(overOperands(alu(op, 0, r(2), width)))).toEqual(expected(width, ALU[op]));
  });

  it.each(aluOps.filter((op) => !registerOnly.includes(op)))('%s with an immediate', (op) => {
    const programs = IMMEDIATES.map((imm) => overOperands(alu(op, 0, imm, width)));
    const got = EDGES.flatMap((a) => programs.map((p) => machine.execute(p, { packet: bytesOf(a, 0n) }).r0));
    expect(got).toEqual(
      expected(
        width,
        ALU[op],
        IMMEDIATES.map((imm) => BigInt(imm)),
      ),
    );
  });

  it('neg', () => {
    const prog = overOperands(neg(0, width));
    const got = EDGES.map((a) => machine.execute(prog, { packet: bytesOf(a, 0n) }).r0);
    expect(got).toEqual(EDGES.map((a) => u(width, -a)));
  });
});

describe.each([64, 32] as const)('%i-bit jumps', (width) => {
  const taken = (op: JumpOp) => (a: bigint, b: bigint) => (JUMP[op](a, b, width) ? 1n : 0n);

  it.each(jumpOps)('%s with a register', (op) => {
    const prog = overOperands(jump(op, 0, r(2), 2, width), mov(0, 0), exit, mov(0, 1));
    expect(results(prog)).toEqual(expected(width, taken(op)));
  });

  it.each(jumpOps)('%s with an immediate', (op) => {
    const programs = IMMEDIATES.map((imm) =>
      overOperands(jump(op, 0, imm, 2, width), mov(0, 0), exit, mov(0, 1)),
    );
    const got = EDGES.flatMap((a) => programs.map((p) => machine.execute(p, { packet: bytesOf(a, 0n) }).r0));
    const seconds = IMMEDIATES.map((imm) => BigInt(imm));
    expect(got).toEqual(expected(width, taken(op), seconds));
  });
});

describe('byte order', () => {
  const value = 0x0102_0304_8586_8788n;
  const run = (insn: Insn): bigint =>
    machine.execute(machine.program({ insns: [...lddw(0, value), insn, exit] })).r0;

  it.each([
    ['le', 16, 0x8788n],
    ['le', 32, 0x8586_8788n],
    ['le', 64, value],
    ['be', 16, 0x8887n],
    ['be', 32, 0x8887_8685n],
    ['be', 64, 0x8887_8685_0403_0201n],
    ['bswap', 16, 0x8887n],
    ['bswap', 32, 0x8887_8685n],
    ['bswap', 64, 0x8887_8685_0403_0201n],
  ] as const)('%s%i keeps nothing above its width', (op, bits, result) => {
    expect(run(endian(op, 0, bits))).toBe(result);
  });
});

it('lddw takes 64 bits and two slots', () => {
  const insns = [...lddw(0, 0xffff_ffff_8000_0001n), jump('jne', 0, 0, 2), ...lddw(0, 5n), exit];
  expect(machine.execute(machine.program({ insns })).r0).toBe(0xffff_ffff_8000_0001n);
});

it('starts with zero in every register but r1, r2 and r10', () => {
  const insns = [...[3, 4, 5, 6, 7, 8, 9].map((n) => alu('or', 0, r(n))), alu('add', 0, r(2)), exit];
  expect(machine.execute(machine.program({ insns }), { packet: [1, 2, 3] }).r0).toBe(3n);
});

it('counts what it executes', () => {
  const insns = [mov(1, 10), alu('sub', 1, 1), jump('jne', 1, 0, -2), exit];
  expect(machine.execute(machine.program({ insns })).insns).toBe(22n);
});

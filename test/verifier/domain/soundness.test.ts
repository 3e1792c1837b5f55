import { describe, expect, test } from 'vitest';
import type { AluOp, EndianOp, JumpOp, Width } from '../../../src/isa/insn.ts';
import { ALU_NUMBER, Domain, ENDIAN_NUMBER, JUMP_NUMBER } from '../../../src/verifier/domain.ts';
import { Random } from '../../nodiff/random.ts';
import { ALU_OPS, aluReference, endianReference, JUMP_OPS, jumpReference, u64, WIDTHS } from './reference.ts';
import { place, describe as show } from './scalars.ts';

/** x in a and y in b, op(x, y) must be in op(a, b): random scalars, and values of theirs at the ends and inside. */
const ROUNDS = Number(process.env['WEBPF_DOMAIN_ROUNDS'] ?? 400);

const domain = await Domain.open();
const { ops } = domain;
const [a, b, c, d] = [0, 1, 2, 3].map((index) => domain.at(index)) as [number, number, number, number];

const hex = (x: bigint): string => `0x${x.toString(16)}`;
const text = (address: number): string => show(domain.read(address));

/** Every pair of scalars with values of each. */
function eachPair(seed: number, visit: (xs: bigint[], ys: bigint[]) => string | undefined): void {
  const random = new Random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const problem = visit(place(domain, random, a), place(domain, random, b));
    if (problem !== undefined)
      expect.fail(`seed ${seed}, round ${round}: ${problem}\na ${text(a)}\nb ${text(b)}`);
  }
}

/** The first pair of values whose result is not in the scalar at `c`. */
function lost(xs: bigint[], ys: bigint[], result: (x: bigint, y: bigint) => bigint): string | undefined {
  for (const x of xs) {
    for (const y of ys) {
      const r = result(x, y);
      if (ops.contains(c, r) === 0) return `${hex(x)} and ${hex(y)} give ${hex(r)}, not in ${text(c)}`;
    }
  }
  return undefined;
}

describe.each(WIDTHS)('%i bits', (width: Width) => {
  test.each(ALU_OPS)('%s', (op: AluOp) => {
    eachPair(1, (xs, ys) => {
      ops.copy(c, a);
      ops.alu(ALU_NUMBER[op], width, c, b);
      return lost(xs, ys, (x, y) => aluReference(op, width, x, y));
    });
  });

  test.each(ALU_OPS)('%s of a scalar and itself, of an immediate', (op: AluOp) => {
    eachPair(2, (xs, [y = 0n]) => {
      ops.copy(c, a);
      ops.alu(ALU_NUMBER[op], width, c, c);
      const itself = lost(xs, [0n], (x) => aluReference(op, width, x, x));
      const imm = Number(BigInt.asIntN(32, y));
      ops.copy(c, a);
      ops.aluImm(ALU_NUMBER[op], width, c, imm);
      return itself ?? lost(xs, [u64(BigInt(imm))], (x, z) => aluReference(op, width, x, z));
    });
  });

  test('neg', () => {
    eachPair(3, (xs) => {
      ops.copy(c, a);
      ops.neg(width, c);
      return lost(xs, [0n], (x) => BigInt.asUintN(width, -x));
    });
  });

  test.each(JUMP_OPS)('%s: both ways keep what satisfies them', (op: JumpOp) => {
    eachPair(4, (xs, ys) => keeps(op, width, xs, ys));
  });
  test.each(JUMP_OPS)('%s of a scalar and itself, of an immediate', (op: JumpOp) => {
    eachPair(5, (xs, [y = 0n]) => keepsItself(op, width, xs) ?? keepsImmediate(op, width, xs, y));
  });
});

function keeps(op: JumpOp, width: Width, xs: bigint[], ys: bigint[]): string | undefined {
  const always = ops.branchTaken(JUMP_NUMBER[op], width, a, b);
  for (const taken of [0, 1]) {
    ops.copy(c, a);
    ops.copy(d, b);
    const possible = ops.refine(JUMP_NUMBER[op], width, taken, c, d) !== 0;
    for (const x of xs) {
      for (const y of ys) {
        if (Number(jumpReference(op, width, x, y)) !== taken) continue;
        const kept = possible && ops.contains(c, x) !== 0 && ops.contains(d, y) !== 0;
        if (!kept || always === 1 - taken)
          return `taken ${taken} (${always}, ${possible}) loses ${hex(x)}, ${hex(y)}: ${text(c)}; ${text(d)}`;
      }
    }
  }
  return undefined;
}

function keepsOne(
  op: JumpOp,
  width: Width,
  xs: bigint[],
  other: (x: bigint) => bigint,
  refine: (taken: number) => number,
): string | undefined {
  for (const taken of [0, 1]) {
    ops.copy(c, a);
    const possible = refine(taken) !== 0;
    for (const x of xs) {
      if (Number(jumpReference(op, width, x, other(x))) !== taken) continue;
      if (!possible || ops.contains(c, x) === 0) return `taken ${taken} loses ${hex(x)}: ${text(c)}`;
    }
  }
  return undefined;
}

const keepsItself = (op: JumpOp, width: Width, xs: bigint[]): string | undefined =>
  keepsOne(
    op,
    width,
    xs,
    (x) => x,
    (taken) => ops.refine(JUMP_NUMBER[op], width, taken, c, c),
  );

function keepsImmediate(op: JumpOp, width: Width, xs: bigint[], y: bigint): string | undefined {
  const imm = Number(BigInt.asIntN(32, y));
  const refine = (taken: number): number => ops.refineImm(JUMP_NUMBER[op], width, taken, c, imm);
  return keepsOne(op, width, xs, () => u64(BigInt(imm)), refine);
}

test.each([1, 2, 4])('extension from %i bytes', (bytes) => {
  eachPair(6, (xs) => {
    ops.copy(c, a);
    ops.zeroExtend(c, bytes);
    const zero = lost(xs, [0n], (x) => BigInt.asUintN(8 * bytes, x));
    ops.copy(c, a);
    ops.signExtend(c, bytes);
    return zero ?? lost(xs, [0n], (x) => u64(BigInt.asIntN(8 * bytes, x)));
  });
});

describe.each([16, 32, 64])('%i bits', (bits) => {
  test.each(['le', 'be', 'bswap'] as const)('%s', (op: EndianOp) => {
    eachPair(7, (xs) => {
      ops.copy(c, a);
      ops.endian(ENDIAN_NUMBER[op], bits, c);
      return lost(xs, [0n], (x) => endianReference(op, bits, x));
    });
  });
});

describe('lattice', () => {
  test('join holds what either holds, and encloses both', () => {
    eachPair(8, (xs, ys) => {
      ops.copy(c, a);
      ops.join(c, b);
      if (ops.within(c, a) === 0 || ops.within(c, b) === 0) return `join ${text(c)} does not enclose`;
      return lost([...xs, ...ys], [0n], (x) => x);
    });
  });
  test('meet holds what both hold, and lies within both', () => {
    eachPair(9, (xs, ys) => {
      ops.copy(c, a);
      const both = [...xs, ...ys].filter((x) => ops.contains(a, x) !== 0 && ops.contains(b, x) !== 0);
      if (ops.meet(c, b) === 0) return both.length === 0 ? undefined : `no meet, but ${both.map(hex)}`;
      if (ops.within(a, c) === 0 || ops.within(b, c) === 0) return `meet ${text(c)} is not within`;
      return lost(both, [0n], (x) => x);
    });
  });
  test('within is true only of subsets', () => {
    eachPair(10, (xs) => {
      const outside = xs.find((x) => ops.contains(b, x) === 0);
      return ops.within(b, a) !== 0 && outside !== undefined ? `within, but ${hex(outside)}` : undefined;
    });
  });
  test('synchronising twice changes nothing that matters', () => {
    eachPair(11, (xs) => {
      ops.copy(c, a);
      if (ops.sync(c) === 0 || ops.within(a, c) === 0) return `second synchronisation: ${text(c)}`;
      return lost(xs, [0n], (x) => x);
    });
  });
});

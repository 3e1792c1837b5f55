import { describe, expect, test } from 'vitest';
import type { AluOp, EndianOp, JumpOp, Width } from '../../../src/isa/insn.ts';
import { ENDIAN_NUMBER } from '../../../src/verifier/domain.ts';
import { Random } from '../../nodiff/random.ts';
import * as claims from './claims.ts';
import { a, b, c, domain, hex, lost, text } from './claims.ts';
import { ALU_OPS, endianReference, JUMP_OPS, u64, WIDTHS } from './reference.ts';
import { place } from './scalars.ts';

// x in a and y in b: op(x, y) must be in op(a, b). Random scalars, with values of theirs at the ends and
// inside.

const ROUNDS = Number(process.env['WEBPF_DOMAIN_ROUNDS'] ?? 400);
const { ops } = domain;

function eachPair(seed: number, visit: (xs: bigint[], ys: bigint[]) => string | undefined): void {
  const random = new Random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const problem = visit(place(domain, random, a), place(domain, random, b));
    if (problem !== undefined)
      expect.fail(`seed ${seed}, round ${round}: ${problem}\na ${text(a)}\nb ${text(b)}`);
  }
}

const signed32 = (x: bigint): number => Number(BigInt.asIntN(32, x));

describe.each(WIDTHS)('%i bits', (width: Width) => {
  test.each(ALU_OPS)('%s', (op: AluOp) => {
    eachPair(1, (xs, ys) => claims.alu(op, width, xs, ys));
  });
  test.each(ALU_OPS)('%s of a scalar and itself, of an immediate', (op: AluOp) => {
    eachPair(
      2,
      (xs, [y = 0n]) => claims.aluItself(op, width, xs) ?? claims.aluImm(op, width, xs, signed32(y)),
    );
  });
  test('neg', () => {
    eachPair(3, (xs) => {
      ops.copy(c, a);
      ops.neg(width, c);
      return lost(xs, [0n], (x) => BigInt.asUintN(width, -x));
    });
  });
  test.each(JUMP_OPS)('%s: both ways keep what satisfies them', (op: JumpOp) => {
    eachPair(4, (xs, ys) => claims.jump(op, width, xs, ys));
  });
  test.each(JUMP_OPS)('%s of a scalar and itself, of an immediate', (op: JumpOp) => {
    eachPair(
      5,
      (xs, [y = 0n]) => claims.jumpItself(op, width, xs) ?? claims.jumpImm(op, width, xs, signed32(y)),
    );
  });
});

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
  test('synchronising again loses nothing', () => {
    eachPair(11, (xs) => {
      ops.copy(c, a);
      if (ops.sync(c) === 0 || ops.within(a, c) === 0) return `second synchronisation: ${text(c)}`;
      return lost(xs, [0n], (x) => x);
    });
  });
});

import { describe, expect, test } from 'vitest';
import type { AluOp, JumpOp, Width } from '../../../src/isa/insn.ts';
import { JUMP_NUMBER } from '../../../src/verifier/domain.ts';
import { type Scalar, UNKNOWN } from '../../../src/verifier/scalar.ts';
import * as claims from './claims.ts';
import { a, b, domain, text } from './claims.ts';
import { ALU_OPS, JUMP_OPS, jumpReference, u64, WIDTHS } from './reference.ts';

// All tristate numbers of a few bits, wherever these bits are; all intervals of small numbers and of border
// numbers: every operation on every two of them, with every value.

const BITS = Number(process.env['WEBPF_DOMAIN_BITS'] ?? 4);

interface Sample {
  readonly scalar: Scalar;
  readonly values: readonly bigint[];
}

/** Numbers of `bits` bits at `shift`; `rest` are the other bits. */
function tnums(bits: number, shift: number, rest: bigint): Sample[] {
  const samples: Sample[] = [];
  const numbers = Array.from({ length: 1 << bits }, (_, x) => x);
  const embed = (x: number): bigint => u64((BigInt(x) << BigInt(shift)) | rest);
  for (const mask of numbers) {
    for (const value of numbers.filter((x) => (x & mask) === 0)) {
      const values = numbers.filter((x) => (x & ~mask) === value).map(embed);
      samples.push({
        scalar: { ...UNKNOWN, value: embed(value), mask: u64(BigInt(mask) << BigInt(shift)) },
        values,
      });
    }
  }
  return samples;
}

const low = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const BORDERS = [0n, 1n, low(31), low(31) + 1n, low(32), low(32) + 1n, low(63), low(63) + 1n, low(64)];
const SMALL = Array.from({ length: 8 }, (_, x) => u64(BigInt(x) - 4n));

type Ends = readonly [keyof Scalar, keyof Scalar];

/** All intervals between two of the numbers, in one order of numbers, with those between them. */
function intervals(numbers: readonly bigint[], [least, most]: Ends, view: (x: bigint) => bigint): Sample[] {
  const sorted = [...new Set(numbers.map(view))].sort((x, y) => (x < y ? -1 : 1));
  return sorted.flatMap((from, index) =>
    sorted.slice(index).map((to) => ({
      scalar: { ...UNKNOWN, [least]: from, [most]: to },
      values: numbers.filter((x) => from <= view(x) && view(x) <= to),
    })),
  );
}

const unsigned = (numbers: readonly bigint[]): Sample[] => intervals(numbers, ['umin', 'umax'], u64);
const signed = (numbers: readonly bigint[]): Sample[] =>
  intervals(numbers, ['smin', 'smax'], (x) => BigInt.asIntN(64, x));
const signedHalf = (numbers: readonly bigint[]): Sample[] =>
  intervals(numbers, ['s32min', 's32max'], (x) => BigInt.asIntN(32, x));

type Claim = (xs: claims.Values, ys: claims.Values) => string | undefined;

function place(address: number, { scalar }: Sample): void {
  domain.write(address, scalar);
  if (domain.ops.sync(address) === 0) throw new Error(`no value: ${text(address)}`);
}

function everyPair(left: readonly Sample[], right: readonly Sample[], claim: Claim): void {
  for (const one of left) {
    for (const other of right) {
      place(a, one);
      place(b, other);
      const problem = claim(one.values, other.values);
      if (problem !== undefined) expect.fail(`${problem}\na ${text(a)}\nb ${text(b)}`);
    }
  }
}

const SMALL_TNUMS = tnums(BITS, 0, 0n);
/** Across the border of the halves, at the upper end, and above ones. */
const ELSEWHERE = [tnums(2, 0, 0n), tnums(3, 30, 0n), tnums(2, 62, 0n), tnums(2, 31, low(31))];
const BORDER_INTERVALS = [...unsigned(BORDERS), ...signed(BORDERS)];
const SMALL_INTERVALS = [...signed(SMALL), ...signedHalf(SMALL)];

function everywhere(claim: Claim): void {
  everyPair(SMALL_TNUMS, SMALL_TNUMS, claim);
  const elsewhere = ELSEWHERE.flat();
  everyPair(elsewhere, elsewhere, claim);
  everyPair(BORDER_INTERVALS, BORDER_INTERVALS, claim);
  everyPair(SMALL_INTERVALS, SMALL_INTERVALS, claim);
}

describe.each(WIDTHS)('%i bits', (width: Width) => {
  test.each(ALU_OPS)('%s', (op: AluOp) => everywhere((xs, ys) => claims.alu(op, width, xs, ys)));
  test.each(JUMP_OPS)('%s', (op: JumpOp) => everywhere((xs, ys) => claims.jump(op, width, xs, ys)));
});

const smallest = (values: readonly bigint[]): bigint => values.reduce((x, y) => (x < y ? x : y));
const greatest = (values: readonly bigint[]): bigint => values.reduce((x, y) => (x > y ? x : y));

/**
 * The scalar is bounded by exactly the first and the last of the values, or known to be none where there is
 * none.
 */
function isExactly(address: number, possible: boolean, values: readonly bigint[]): boolean {
  if (values.length === 0 || !possible) return possible === values.length > 0;
  const { umin, umax, smin, smax, u32min, s32max } = domain.read(address);
  const [least, most] = [smallest(values), greatest(values)];
  return (
    umin === least && smin === least && u32min === least && umax === most && smax === most && s32max === most
  );
}

const DIGITS = Array.from({ length: 16 }, (_, x) => BigInt(x));

describe('exact bounds', () => {
  test('of a tristate number within an interval', () => {
    for (const { scalar, values } of tnums(4, 0, 0n)) {
      for (const interval of unsigned(DIGITS)) {
        domain.write(a, { ...interval.scalar, value: scalar.value, mask: scalar.mask });
        const both = values.filter((x) => interval.values.includes(x));
        if (!isExactly(a, domain.ops.sync(a) !== 0, both)) expect.fail(`${both} are ${text(a)}`);
      }
    }
  });

  const ORDERS: readonly JumpOp[] = ['jeq', 'jlt', 'jle', 'jgt', 'jge', 'jslt', 'jsle', 'jsgt', 'jsge'];
  test.each(ORDERS)('of intervals where %s is taken', (op) => {
    const samples = unsigned(DIGITS.slice(0, 8));
    for (const width of WIDTHS) {
      everyPair(samples, samples, (xs, ys) => {
        const possible = domain.ops.refine(JUMP_NUMBER[op], width, 1, a, b) !== 0;
        const left = xs.filter((x) => ys.some((y) => jumpReference(op, width, x, y)));
        const right = ys.filter((y) => xs.some((x) => jumpReference(op, width, x, y)));
        const exact = isExactly(a, possible, left) && isExactly(b, possible, right);
        return exact ? undefined : `${xs} ${op} ${ys}: ${left}, ${right}, possible: ${possible}`;
      });
    }
  });
});

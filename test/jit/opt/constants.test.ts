import { describe, expect, it } from 'vitest';
import { OPTIMIZATIONS } from '../../../src/jit/opt/names.ts';
import { rulesOf } from '../../../src/jit/opt/rules.ts';
import { constant, isConst } from '../../../src/jit/ssa/value.ts';
import { Values } from '../../../src/jit/ssa/values.ts';
import { EDGES } from '../reference.ts';
import { operate } from './evaluate.ts';
import { count, expectSameOf, withAndWithout } from './programs.ts';

const NAMES = [
  ...(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_u', 'shr_s', 'rotl', 'rotr'] as const),
  ...(['eq', 'ne', 'lt_s', 'lt_u', 'le_s', 'le_u', 'gt_s', 'gt_u', 'ge_s', 'ge_u'] as const),
];

describe('constants', () => {
  it('are computed at translation time', async () => {
    const { optimised, plain } = await withAndWithout('r7 = 6\nr7 *= 7\nr7 ^= 3\nr0 = r7', ['fold']);
    expect(optimised).toContain('const 41\n');
    expect(count(optimised, 'i64.mul') + count(optimised, 'i64.xor')).toBe(0);
    expect(count(plain, 'i64.mul') + count(plain, 'i64.xor')).toBe(2);
  });

  it.each(['i32', 'i64'] as const)('of %s give what the operation gives', (type) => {
    const values = new Values(rulesOf((name) => OPTIMIZATIONS.includes(name)));
    const width = type === 'i64' ? 64 : 32;
    for (const name of NAMES) {
      for (const a of EDGES) {
        for (const b of EDGES) {
          const [left, right] = [constant(type, a), constant(type, b)];
          const folded = values.binary(name, type, left, right);
          const expected = BigInt.asUintN(width, operate(name, type, left.constant, right.constant));
          expect([name, a, b, isConst(folded), folded.constant]).toEqual([name, a, b, true, expected]);
        }
      }
    }
  });

  it('change no result', async () => {
    const pool = ['r7 = 6', 'r8 = -1', 'w9 = -1', 'r7 *= 7', 'w8 += 5', 'r9 -= r8', 'r7 <<= 63', 'w8 s>>= 3'];
    await expectSameOf(
      [...pool, 'r8 = 65', 'r7 <<= r8', 'w9 >>= w8', 'r9 s/= -1', 'r7 %= 3', 'r8 = -r8'],
      ['fold'],
    );
  });
});

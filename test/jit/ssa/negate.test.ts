import { describe, expect, it } from 'vitest';
import { sandboxProof, trustedProof } from '../../../src/verifier/proof.ts';
import { alu, atomic, exit, ja, jump, load, mov, r, store } from '../../interp/insns.ts';
import { executeTranslated } from '../harness.ts';
import { count, expectSameOf, withAndWithout } from '../opt/programs.ts';

describe('comparisons', () => {
  it('are turned round in place of a negation', async () => {
    const body = `r7 = *(u8 *)(r6 + 0)
      if r7 s< 9 goto small
      r0 = 1
      goto out
    small:
      r0 = 2
      if r7 == 3 goto out
      r0 = 3`;
    const { optimised } = await withAndWithout(body, []);
    expect([count(optimised, 'i64.ge_s'), count(optimised, 'i32.eqz')]).toEqual([1, 0]);
  });

  /** The comparison is computed before the jump, where a local of one of its operands is used again. */
  it.each([
    ['trusted', trustedProof],
    ['sandbox', sandboxProof],
  ])('of what a cmpxchg has compared already (%s)', async (_, proof) => {
    const insns = [
      load(8, 6, 1, 8),
      mov(0, r(6)),
      mov(2, 5),
      atomic('cmpxchg', true, 8, 1, 0, 2),
      load(8, 4, 1, 24),
      load(8, 5, 1, 32),
      store(8, 1, 40, r(5)),
      store(8, 1, 48, r(4)),
      jump('jeq', 0, r(6), 2),
      mov(7, 2),
      ja(3),
      mov(7, 3),
      jump('jset', 4, 1, 1),
      mov(7, 4),
      mov(0, r(7)),
      alu('add', 0, r(4)),
      alu('add', 0, r(5)),
      exit,
    ];
    const packet = new Array<number>(64).fill(0);
    expect(await executeTranslated({ insns, proof }, { packet })).toMatchObject({ r0: 4n });
    packet[8] = 1;
    expect(await executeTranslated({ insns, proof }, { packet })).toMatchObject({ r0: 2n });
  });

  it.each([
    ['trusted', trustedProof],
    ['sandbox', sandboxProof],
  ])('of what two signed divisions have compared already (%s)', async (_, proof) => {
    const insns = [
      load(8, 6, 1, 0),
      load(8, 7, 1, 8),
      mov(8, r(6)),
      alu('sdiv', 8, r(7)),
      alu('sdiv', 6, r(7)),
      mov(3, r(7)),
      alu('add', 3, 1),
      load(4, 4, 1, 24),
      load(4, 5, 1, 32),
      store(4, 1, 40, r(5)),
      store(4, 1, 48, r(4)),
      jump('jgt', 3, 1, 2),
      mov(0, 2),
      ja(3),
      mov(0, 3),
      jump('jset', 4, 1, 1),
      mov(0, 4),
      alu('add', 0, r(8)),
      alu('add', 0, r(6)),
      exit,
    ];
    for (const [divisor, expected] of [
      [1, 16n],
      [0, 2n],
      [2, 10n],
    ] as const) {
      const packet = new Array<number>(64).fill(0);
      [packet[0], packet[8]] = [6, divisor];
      expect(await executeTranslated({ insns, proof }, { packet })).toMatchObject({ r0: expected });
    }
  });

  it('change no result', async () => {
    const jumps = [
      ...['r7 > 9', 'r7 s< 9', 'r8 == 0', 'w8 != 0', 'w7 < w8', 'r8 <= r9', 'r9 s> -1', 'w9 s>= 3', 'r7 & 8'],
      ...['r8 > 0xffffffff', 'r9 == 3', 'w7 == -1', 'r7 s<= r8', 'r8 >= 0x7fffffff', 'r7 != r8'],
    ].map((test, index) => `if ${test} goto +1\nr${7 + (index % 3)} += ${index + 1}`);
    const moves = ['w7 += 7', 'w8 -= 1', 'r9 += 0', 'w9 <<= 31', 'r8 = r7', 'w8 = w9', 'r7 = -1', 'r8 &= 3'];
    const sides = `if r8 s< 9 goto +2\nr9 += 1\ngoto +3\nr9 += 2\nif r9 == 3 goto +1\nr7 += 3`;
    await expectSameOf([...jumps, ...moves, sides, sides.replaceAll('r8', 'w7')], [], 20);
  });
});

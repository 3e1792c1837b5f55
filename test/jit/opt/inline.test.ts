import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sandboxProof, trustedProof } from '../../../src/verifier/proof.ts';
import { Machine } from '../../interp/harness.ts';
import { alu, callLocal, exit, jump, mov, r } from '../../interp/insns.ts';
import { executeTranslated } from '../harness.ts';
import { count, expectSame, observed, withAndWithout } from './programs.ts';

const MIX = 'mix:\nr0 = r1\nr0 *= 31\nr0 ^= r2\nexit';
const CALLS = 'r7 = *(u64 *)(r6 + 0)\nr1 = r7\nr2 = 5\ncall mix\nr1 = r0\nr2 = r7\ncall mix';

/** So many additions: more than are copied where they are called from several places. */
const large = (name: string): string => `${name}:\nr0 = r1\n${'r0 *= 3\nr0 ^= r1\n'.repeat(40)}exit`;

describe('functions of the program', () => {
  it('are in place of their calls', async () => {
    const { optimised, plain } = await withAndWithout(CALLS, ['inline'], MIX);
    expect([count(optimised, 'call'), count(optimised, 'i64.mul')]).toEqual([0, 2]);
    expect([count(plain, 'call'), count(plain, 'i64.mul')]).toEqual([2, 0]);
  });

  it('are called where they are large, unless it is one call', async () => {
    const once = 'r1 = 5\ncall big';
    expect(count((await withAndWithout(once, [], large('big'))).optimised, 'call')).toBe(0);
    const twice = `${once}\nr1 = r0\ncall big`;
    expect(count((await withAndWithout(twice, [], large('big'))).optimised, 'call')).toBe(2);
  });

  it('keep their stacks apart, with those of the functions they call', async () => {
    const functions = `
    outer:
      *(u64 *)(r10 - 8) = r1
      *(u64 *)(r10 - 16) = r1
      r6 = r10
      r6 += -8
      r1 = r6
      call inner
      r0 += r1
      exit
    inner:
      r7 = 9
      *(u64 *)(r10 - 8) = r7
      r2 = *(u64 *)(r1 + 0)
      *(u64 *)(r1 + 0) = r7
      r0 = *(u64 *)(r10 - 8)
      r0 += r2
      exit`.replace('r0 += r1\n', 'r1 = *(u64 *)(r10 - 16)\nr2 = *(u64 *)(r10 - 8)\nr0 *= r2\nr0 += r1\n');
    const body =
      '*(u64 *)(r10 - 8) = 77\nr7 = *(u64 *)(r6 + 0)\nr1 = r7\ncall outer\nr7 = r0\nr1 = r0\ncall outer\nr0 += r7\nr1 = *(u64 *)(r10 - 8)\nr0 += r1';
    expect(count((await withAndWithout(body, [], functions)).optimised, 'call')).toBe(0);
    expect(await expectSame(body, { functions, without: ['inline'] })).toBe(true);
    expect(await expectSame(body, { functions, without: ['stack'] })).toBe(true);
  });

  /** In the sandbox and unverified, a function sees what was left in its registers. */
  it.each([
    ['trusted', trustedProof],
    ['sandbox', sandboxProof],
  ])('that read registers they have not set do the same in place of a call (%s)', async (_, proof) => {
    const insns = [
      mov(6, 997),
      mov(7, 0),
      mov(1, 5),
      callLocal(5),
      alu('add', 7, r(0)),
      alu('sub', 6, 1),
      jump('jne', 6, 0, -5),
      mov(0, r(7)),
      exit,
      alu('add', 9, 1),
      alu('add', 8, r(9)),
      jump('jset', 8, 1, 1),
      alu('add', 9, 1),
      mov(0, r(8)),
      alu('add', 0, r(9)),
      exit,
    ];
    const inlined = await executeTranslated({ insns, functions: [9], proof });
    const called = await executeTranslated(
      { insns, functions: [9], proof },
      { optimize: { without: ['inline'] } },
    );
    expect(inlined.r0).toBe(called.r0);
    const machine = new Machine();
    const program = machine.program({ insns, functions: [9], proof });
    expect(machine.execute(program, {}).r0).toBe(called.r0);
  });

  // ---- random functions --------------------------------------------------------------------------------------------

  const SHAPES = [
    (name: string) => `${name}:\nr0 = r1\nr0 ^= r2\nexit`,
    (name: string) => `${name}:\nr0 = 1\nif r1 > r2 goto ${name}_out\nr0 = r2\n${name}_out:\nexit`,
    (name: string) =>
      `${name}:\nif r1 & 1 goto ${name}_odd\nr0 = 7\nexit\n${name}_odd:\nw0 = w1\nw0 *= 3\nexit`,
    (name: string) =>
      `${name}:\nr0 = 0\nr1 &= 7\n${name}_loop:\nr0 += r2\nr1 -= 1\nif r1 s> 0 goto ${name}_loop\nexit`,
    (name: string) =>
      `${name}:\nr6 = 5\nr0 = r1\n${name}_loop:\nr0 *= r2\nr6 -= 1\nif r6 != 0 goto ${name}_loop\nexit`,
    (name: string) =>
      `${name}:\n*(u64 *)(r10 - 8) = r1\n*(u32 *)(r10 - 8) = r2\nr0 = *(u64 *)(r10 - 8)\nexit`,
    (name: string) =>
      `${name}:\nr3 = r10\nr3 += -8\n*(u64 *)(r3 + 0) = r1\n*(u16 *)(r10 - 6) = r2\nr0 = *(u64 *)(r3 + 0)\nexit`,
    (name: string, next: string) =>
      `${name}:\nr6 = r1\nr7 = r2\nr1 = r7\nr2 = r6\ncall ${next}\nr0 -= r6\nr0 ^= r7\nexit`,
    (name: string, next: string) => `${name}:\nr6 = r1\ncall ${next}\nr1 = r0\nr2 = r6\ncall ${next}\nexit`,
  ];
  const LAST = 'last:\nr0 = r1\nr0 *= 31\nr0 += r2\nexit';

  it('change no result', async () => {
    const shape = fc.nat(SHAPES.length - 1);
    const statements = fc.array(
      fc.constantFrom('f', 'g', 'r7 += r0', 'r8 ^= r9', 'if r7 & 1 goto +1\nr9 += 1', 'r0 = 4'),
      {
        minLength: 2,
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(shape, shape, statements, fc.boolean(), async (f, g, all, loops) => {
        const call = (name: string): string => `r1 = r7\nr2 = r8\ncall ${name}\nr7 = r0`;
        const body = all.map((text) => (text === 'f' || text === 'g' ? call(text) : text));
        const work = ['r0 = 0', 'r1 = r7', 'r2 = r9', 'call f', 'r1 = r0', 'r2 = 3', 'call g', ...body];
        const looped = [
          '*(u64 *)(r10 - 24) = 3',
          'again:',
          ...work,
          'r1 = *(u64 *)(r10 - 24)',
          'r1 -= 1',
          '*(u64 *)(r10 - 24) = r1',
          'if r1 != 0 goto again',
        ];
        const functions = [SHAPES[f]?.('f', 'g'), SHAPES[g]?.('g', 'last'), LAST].join('\n');
        const isCalled = [f, g].some((index) => (SHAPES[index]?.length ?? 0) > 1 && index === g);
        const text = observed([
          ...(loops ? looped : work),
          'r9 += r0',
          ...(isCalled ? [] : ['r1 = r9', 'r2 = 1', 'call last', 'r9 = r0']),
        ]);
        expect(await expectSame(text, { functions, without: ['inline'] })).toBe(true);
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});

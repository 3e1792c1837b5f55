import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sandboxProof, trustedProof } from '../../../src/verifier/proof.ts';
import { alu, exit, ja, jump, load, mov, r } from '../../interp/insns.ts';
import { executeTranslated } from '../harness.ts';
import { count, expectSame, observed, withAndWithout } from './programs.ts';

const loops = (wasm: string): number => count(wasm, 'loop');
const loopOf = (trips: number, body = 'r7 += r8'): string =>
  `r7 = *(u64 *)(r6 + 0)\nr8 = 0\nagain:\n${body}\nr8 += 1\nif r8 != ${trips} goto again\nr0 = r7`;

describe('loops that count', () => {
  it('are as many copies of their body', async () => {
    const { optimised, plain } = await withAndWithout(loopOf(10, 'r7 *= 3'), ['unroll']);
    expect([loops(optimised), count(optimised, 'i64.mul')]).toEqual([0, 10]);
    expect([loops(plain), count(plain, 'i64.mul')]).toEqual([1, 1]);
  });

  it('of many rounds are as many copies as divide them', async () => {
    const { optimised } = await withAndWithout(loopOf(1000, 'r7 *= 3'), []);
    expect([loops(optimised), count(optimised, 'i64.mul')]).toEqual([1, 8]);
    const prime = await withAndWithout(loopOf(997, 'r7 *= 3'), []);
    expect([loops(prime.optimised), count(prime.optimised, 'i64.mul')]).toEqual([1, 1]);
  });

  it('in loops that count are none', async () => {
    const body = `r7 = *(u64 *)(r6 + 0)
      r8 = 0
    outer:
      r9 = 0
    inner:
      r7 *= 3
      r9 += 1
      if r9 != 4 goto inner
      r8 += 1
      if r8 != 3 goto outer
      r0 = r7`;
    const { optimised } = await withAndWithout(body, []);
    expect([loops(optimised), count(optimised, 'i64.mul')]).toEqual([0, 12]);
  });

  it('have constants for counters', async () => {
    const { optimised } = await withAndWithout(loopOf(4, 'r5 = *(u8 *)(r6 + 20)\nr7 += r5\nr6 += 1'), []);
    expect([loops(optimised), count(optimised, 'i64.load8_u offset=22')]).toEqual([0, 1]);
  });

  it('are left as they are where their rounds are not known', async () => {
    const body = 'r7 = 0\nr8 = *(u8 *)(r6 + 0)\nagain:\nr7 += 3\nr8 -= 1\nif r8 s> 0 goto again\nr0 = r7';
    expect(loops((await withAndWithout(body, [])).optimised)).toBe(1);
  });

  it('count what is in place of calls', async () => {
    const leaf = (size: number): string => `leaf:\nr0 = r1\n${'r0 *= 3\n'.repeat(size)}exit`;
    const body = loopOf(40, 'r1 = r7\ncall leaf\nr7 = r0');
    const small = await withAndWithout(body, [], leaf(2));
    expect([loops(small.optimised), count(small.optimised, 'i64.mul')]).toEqual([0, 80]);
    const large = await withAndWithout(body, [], leaf(50));
    expect([loops(large.optimised), count(large.optimised, 'i64.mul')]).toEqual([1, 100]);
  });

  it('are left where they call loops, which would be there as often as all rounds together', async () => {
    const level = (name: string, next: string): string =>
      `${name}:\nr6 = r1\nr7 = 0\n${name}_again:\nr1 = r6\ncall ${next}\nr6 += r0\nr7 += 1\nif r7 != 20 goto ${name}_again\nr0 = r6\nexit`;
    const functions = `${level('f', 'g')}\n${level('g', 'leaf')}\nleaf:\nr0 = r1\nr0 *= 3\nexit`;
    const { optimised } = await withAndWithout('r1 = *(u64 *)(r6 + 0)\ncall f', [], functions);
    expect([count(optimised, 'call'), loops(optimised), count(optimised, 'i64.mul')]).toEqual([0, 1, 20]);
  });

  /** The exit tests a copy of the counter that a block beside the straight way sets. */
  it.each([
    ['trusted', trustedProof],
    ['sandbox', sandboxProof],
  ])('are left by what a block beside the way sets (%s)', async (_, proof) => {
    const insns = [
      mov(8, 0),
      mov(0, 0),
      load(1, 7, 1, 0),
      mov(6, r(8)),
      jump('jset', 7, 1, 1),
      ja(1),
      mov(6, 100),
      alu('add', 0, 1),
      alu('add', 8, 1),
      jump('jlt', 6, 3, -7),
      exit,
    ];
    expect(await executeTranslated({ insns, proof }, { packet: [1] })).toMatchObject({ r0: 1n });
    expect(await executeTranslated({ insns, proof }, { packet: [2] })).toMatchObject({ r0: 4n });
  });

  // ---- random loops ----------------------------------------------------------------------------------------------

  const counter = fc.record({
    start: fc.constantFrom(0, 1, -3, 7, -1),
    step: fc.constantFrom('+= 1', '+= 2', '+= 3', '-= 1', '*= 3'),
    test: fc.constantFrom(
      '< 6',
      '!= 6',
      '!= 7',
      's< 9',
      '<= 12',
      's> -4',
      '> 1',
      '== 1',
      's>= 0',
      '& 4',
      '< 24',
    ),
    wide: fc.constantFrom('r', 'w'),
    testWide: fc.constantFrom('r', 'w'),
  });
  const statements = [
    ...['r7 += r8', 'r7 *= 3', 'r9 ^= r7', '*(u64 *)(r10 - 8) = r7', 'r9 = *(u64 *)(r10 - 16)', 'w9 += 7'],
    ...['r5 = *(u8 *)(r6 + 5)\nr7 += r5', '*(u8 *)(r6 + 6) = r7', 'r0 += 1', '*(u64 *)(r10 - 16) = r8'],
    // A block beside the way, breaks and what looks like them.
    ...[
      'if r7 & 1 goto +1\nr9 += r8',
      'if r7 & 1 goto +1\nr4 = 2',
      'if w9 & 6 == 0 goto done',
      'if r7 & 32 goto done',
    ],
    ...['if r7 & 1 goto +1\nr8 += 1', 'if r7 & 3 goto +1\nr4 += 1'],
  ].filter((text) => !text.includes('== 0'));

  interface Loop {
    readonly counter: { start: number; step: string; test: string; wide: string; testWide: string };
    readonly body: readonly string[];
    readonly copies: boolean;
    readonly atStart: boolean;
  }

  /** Ends after 40 rounds, whatever it counts with; r4 is the counter, or a copy of it. */
  const written = (
    name: string,
    { counter: { start, step, test, wide, testWide }, body, copies, atStart }: Loop,
    inner: string,
  ): string => {
    const exitTest = `if ${testWide}4 ${test} goto ${name}`;
    const leave = `r3 -= 1\nif r3 == 0 goto ${name}_done`;
    const lines = body.join('\n').replaceAll('done', `${name}_done`);
    const counted = copies ? `r8 ${step}\n${wide}4 = ${wide}8` : `${wide}4 ${step}`;
    const entry = `r3 = 40\n${wide}8 = ${start}\n${wide}4 = ${start}`;
    return atStart
      ? `${entry}\n${name}:\nif ${testWide}4 ${test} goto +1\ngoto ${name}_done\n${lines}\n${inner}\n${counted}\n${leave}\ngoto ${name}\n${name}_done:`
      : `${entry}\n${name}:\n${lines}\n${inner}\n${counted}\n${leave}\n${exitTest}\n${name}_done:`;
  };

  const loop: fc.Arbitrary<Loop> = fc.record({
    counter,
    body: fc.array(fc.constantFrom(...statements), { minLength: 1, maxLength: 4 }),
    copies: fc.boolean(),
    atStart: fc.boolean(),
  });

  it('change no result', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(loop, fc.option(loop), fc.boolean(), async (first, second, isNested) => {
        const inner =
          second && isNested
            ? written('inner', second, '')
                .replaceAll(/\br3\b/g, 'r1')
                .replaceAll(/\br([48])\b|\bw([48])\b/g, (text) => text.replace('4', '2').replace('8', '5'))
            : '';
        const after = second && !isNested ? written('second', second, '') : '';
        const text = observed([
          'r0 = 0',
          written('first', first, inner),
          after,
          'r9 += r0',
          'r9 += r8',
          'r7 ^= r4',
        ]);
        if (await expectSame(text, { without: ['unroll'] })) accepted++;
      }),
      { numRuns: 12 },
    );
    expect(accepted).toBeGreaterThan(3);
  }, 60_000);
});

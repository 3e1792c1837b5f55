import { describe, expect, it } from 'vitest';
import { count, expectSameOf, withAndWithout } from './programs.ts';

const LOAD = 'r7 = *(u64 *)(r6 + 0)\nr9 = *(u64 *)(r6 + 8)';
const shifts = (wasm: string): number => wasm.split('\n').filter((line) => /sh[lr]/.test(line)).length;

/** The two shifts of `a`, put together in `b`. */
const rotation = (width: 'r' | 'w', up: number | string, down: number | string, op = '|='): string =>
  `${width}8 = ${width}7\n${width}7 <<= ${up}\n${width}8 >>= ${down}\n${width}7 ${op} ${width}8`;

describe('rotations', () => {
  it.each([
    ['i64.rotl', rotation('r', 13, 51)],
    ['i32.rotl', rotation('w', 5, 27)],
    ['i32.rotl', `w3 = 32\nw3 -= w9\n${rotation('w', 'w9', 'w3')}`],
    ['i64.rotl', `r3 = r9\nr3 = -r3\n${rotation('r', 'r9', 'r3')}`],
    ['i64.rotr', `r3 = 64\nr3 -= r9\n${rotation('r', 'r3', 'r9')}`],
  ])('%s are two shifts that add up', async (insn, statements) => {
    const { optimised, plain } = await withAndWithout(`${LOAD}\n${statements}\nr0 = r7`, ['rotate']);
    expect([count(optimised, insn), shifts(optimised)]).toEqual([1, 0]);
    expect([count(plain, insn), shifts(plain)]).toEqual([0, 2]);
  });

  it.each([
    ['counts that do not add up', rotation('w', 5, 26)],
    ['another number', 'w8 = w9\nw7 <<= 5\nw8 >>= 27\nw7 |= w8'],
    ['a sign', 'w8 = w7\nw7 <<= 5\nw8 s>>= 27\nw7 |= w8'],
    ['a sum', rotation('r', 13, 51, '+=')],
    ['another count', `r3 = 64\nr3 -= r6\n${rotation('r', 'r9', 'r3')}`],
  ])('are not %s', async (_, statements) => {
    // Addresses are no counts for the verifier: the last one is from the packet.
    const text = `${LOAD}\n${statements.replace('r3 -= r6', 'r2 = *(u8 *)(r6 + 20)\nr3 -= r2')}\nr0 = r7`;
    const { optimised } = await withAndWithout(text, []);
    expect([count(optimised, 'i64.rotl') + count(optimised, 'i32.rotl'), shifts(optimised)]).toEqual([0, 2]);
  });

  it('of rotations are one', async () => {
    const { optimised } = await withAndWithout(
      `${LOAD}\n${rotation('r', 13, 51)}\n${rotation('r', 60, 4)}\nr0 = r7`,
      [],
    );
    expect(optimised).toContain('i64.const 9\ni64.rotl');
  });

  it('change no result', async () => {
    const good = [rotation('r', 13, 51), rotation('w', 5, 27), rotation('w', 31, 1), rotation('r', 1, 63)];
    const near = [
      rotation('w', 5, 26),
      rotation('r', 5, 27),
      rotation('r', 13, 51, '+='),
      rotation('w', 0, 0),
    ];
    const variable = [
      'r3 = r9\nr3 = -r3',
      'w3 = w9\nw3 = -w3',
      'w3 = 32\nw3 -= w9',
      'r3 = 64\nr3 -= r9',
      'r3 = 32\nr3 -= r9',
    ];
    const by = variable.flatMap((make) => [
      `${make}\n${rotation('r', 'r9', 'r3')}`,
      `${make}\n${rotation('w', 'w9', 'w3')}`,
      `${make}\n${rotation('w', 'w3', 'w9')}`,
    ]);
    await expectSameOf(
      [...good, ...near, ...by, 'r7 = r8', 'r9 += 7', 'w7 ^= w8', 'r7 *= r9'],
      ['rotate'],
      20,
    );
  });
});

import { describe, expect, it } from 'vitest';
import { count, expectSameOf, withAndWithout } from './programs.ts';

/** Bytes (or larger parts) at `offsets`, the first of which is lowest, put together in r7. */
const assembled = (
  offsets: readonly number[],
  { size = 1, base = 'r6', op = '|=', between = '' } = {},
): string => {
  const parts = offsets.map((offset, index) => {
    const loaded = `r8 = *(u${8 * size} *)(${base} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)})\nr8 <<= ${8 * size * index}`;
    return index === 0 ? loaded.replace('r8 <<= 0', 'r7 = r8') : `${loaded}\nr7 ${op} r8\n${between}`;
  });
  return parts.join('\n');
};

const loads = (wasm: string): number => wasm.split('\n').filter((line) => line.startsWith('i64.load')).length;
const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];
/** Of the prologue: the packet and its end. */
const PROLOGUE = 2;

describe('numbers put together from bytes', () => {
  it.each([
    ['i64.load16_u', 'two bytes', assembled([4, 5])],
    ['i64.load32_u', 'four bytes', assembled([4, 5, 6, 7])],
    ['i64.load', 'eight bytes', assembled(EIGHT)],
    ['i64.load32_u', 'four bytes in network order', assembled([7, 6, 5, 4])],
    ['i64.load32_u', 'two halves', assembled([2, 4], { size: 2 })],
  ])('are one %s: %s', async (insn, _, body) => {
    const { optimised, plain } = await withAndWithout(`${body}\nr0 = r7`, ['bytes', 'swap']);
    const before = insn === 'i64.load32_u' ? PROLOGUE : 0;
    expect([loads(optimised), count(optimised, insn) - before]).toEqual([PROLOGUE + 1, 1]);
    expect(loads(plain)).toBeGreaterThan(PROLOGUE + 1);
  });

  it.each([
    ['a hole', assembled([4, 6, 7, 9]), 4],
    ['a byte twice', assembled([4, 4]), 1],
    ['an order that is none', assembled([4, 6, 5, 7]), 4],
    [
      'another base',
      `r9 = *(u8 *)(r6 + 1)\nr9 &= 7\nr9 += r6\nr2 = r9\nr2 += 8\nif r2 > r3 goto out\n${assembled([4])}\nr8 = *(u8 *)(r9 + 5)\nr8 <<= 8\nr7 |= r8`,
      3,
    ],
    [
      'a store in between',
      assembled([4, 5], { between: '' }).replace(
        'r8 = *(u8 *)(r6 + 5)',
        '*(u8 *)(r6 + 5) = 3\nr9 = *(u8 *)(r6 + 9)\n*(u16 *)(r6 + 5) = r9\nr8 = *(u16 *)(r6 + 6)',
      ),
      3,
    ],
    ['bits that overlap', 'r7 = *(u8 *)(r6 + 4)\nr8 = *(u8 *)(r6 + 5)\nr8 <<= 4\nr7 |= r8', 2],
    ['a sum', assembled([4, 5], { op: '+=' }), 2],
  ])('are not what has %s', async (_, body, expected) => {
    const { optimised } = await withAndWithout(`${body}\nr0 = r7`, []);
    expect(loads(optimised)).toBe(PROLOGUE + expected);
  });

  it('change no result', async () => {
    const whole = [
      assembled([4, 5]),
      assembled([7, 6, 5, 4]),
      assembled(EIGHT),
      assembled([2, 4], { size: 2 }),
    ];
    const turned = [assembled([8, 4], { size: 4 }), assembled([...EIGHT].reverse()), assembled([3, 2, 1, 0])];
    const near = [
      assembled([4, 5, 7, 8]),
      assembled([4, 4]),
      assembled([0, 1, 2]),
      assembled([4, 5], { op: '+=' }),
    ];
    const stored = [
      '*(u8 *)(r6 + 5) = 3',
      '*(u32 *)(r6 + 3) = r9',
      '*(u16 *)(r6 + 4) = r7',
      '*(u8 *)(r10 - 7) = r9',
    ];
    const apart = [1, 2, 3].map((at) =>
      assembled([4, 5, 6, 7], { between: `*(u8 *)(r6 + ${3 + at}) = ${at}` }),
    );
    const stack = [assembled([-8, -7, -6, -5], { base: 'r10' }), assembled([-13, -14], { base: 'r10' })];
    await expectSameOf(
      [...whole, ...turned, ...near, ...stored, ...apart, ...stack, 'w7 ^= w8', 'r9 += r7'],
      ['bytes'],
      20,
    );
  });
});

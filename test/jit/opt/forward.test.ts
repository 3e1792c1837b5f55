import { describe, expect, it } from 'vitest';
import { expectSame, expectSameOf, withAndWithout } from './programs.ts';

const loads = (wasm: string): number => wasm.split('\n').filter((line) => line.startsWith('i64.load')).length;
const PROLOGUE = 2;
/** Addresses of the packet behind an offset that is not known. */
const OTHER = 'r9 = *(u8 *)(r6 + 20)\nr9 &= 7\nr9 += r6\nr2 = r9\nr2 += 8\nif r2 > r3 goto out';

describe('what is in memory', () => {
  it.each([
    ['was stored', '*(u32 *)(r6 + 4) = 77\nr0 = *(u32 *)(r6 + 4)', 0, 1],
    [
      'is a part of what was stored',
      'r7 = *(u64 *)(r6 + 8)\n*(u64 *)(r6 + 0) = r7\nr0 = *(u16 *)(r6 + 3)',
      1,
      2,
    ],
    ['was loaded', 'r0 = *(u32 *)(r6 + 4)\nr7 = *(u32 *)(r6 + 4)\nr0 += r7', 1, 2],
    ['is a part of what was loaded', 'r0 = *(u64 *)(r6 + 0)\nr7 = *(u8 *)(r6 + 7)\nr0 += r7', 1, 2],
    [
      'was loaded, with a store of other bytes in between',
      'r0 = *(u32 *)(r6 + 4)\n*(u32 *)(r6 + 8) = r0\nr7 = *(u32 *)(r6 + 4)\nr0 += r7',
      1,
      2,
    ],
  ])('is not loaded when it %s', async (_, body, with_, without) => {
    const { optimised, plain } = await withAndWithout(body, ['forward']);
    expect([loads(optimised) - PROLOGUE, loads(plain) - PROLOGUE]).toEqual([with_, without]);
  });

  it.each([
    ['other bytes were stored', '*(u32 *)(r6 + 4) = 77\nr0 = *(u32 *)(r6 + 6)', 1],
    ['more bytes are loaded', '*(u32 *)(r6 + 4) = 77\nr0 = *(u64 *)(r6 + 4)', 1],
    [
      'a store in between may change it',
      `${OTHER}\n*(u32 *)(r6 + 4) = 77\n*(u32 *)(r9 + 0) = 5\nr0 = *(u32 *)(r6 + 4)`,
      2,
    ],
  ])('is loaded when %s', async (_, body, expected) => {
    expect(loads((await withAndWithout(body, [])).optimised) - PROLOGUE).toBe(expected);
  });

  it('changes by stores through other addresses', async () => {
    for (let at = 0; at < 12; at++) {
      const body = `r7 = *(u64 *)(r6 + 0)
        ${OTHER}
        *(u64 *)(r6 + 4) = r7
        r8 = *(u32 *)(r6 + ${at})
        *(u16 *)(r9 + 3) = r8
        r0 = *(u32 *)(r6 + ${at})
        r0 += r8
        r8 = *(u64 *)(r9 + 0)
        r0 *= r8`;
      expect(await expectSame(body, { without: ['forward'] })).toBe(true);
    }
  });

  it('is the same', async () => {
    const packet = [
      '*(u32 *)(r6 + 4) = r7',
      '*(u8 *)(r6 + 5) = r8',
      '*(u64 *)(r6 + 1) = r7',
      '*(u16 *)(r6 + 4) = -2',
    ];
    const loaded = [
      'r7 = *(u64 *)(r6 + 0)',
      'r8 = *(u32 *)(r6 + 4)',
      'r9 = *(u8 *)(r6 + 5)',
      'r7 = *(s16 *)(r6 + 4)',
      'r8 = *(s8 *)(r6 + 5)',
    ];
    const stack = [
      '*(u32 *)(r10 - 8) = r8',
      '*(u8 *)(r10 - 6) = r9',
      'r7 = *(u64 *)(r10 - 8)',
      'r9 = *(u16 *)(r10 - 6)',
      'r8 = *(s32 *)(r10 - 8)',
    ];
    const others = [
      'r9 += 3',
      'w7 *= w8',
      'lock *(u32 *)(r10 - 16) += r8',
      'r8 = atomic_fetch_add((u64 *)(r10 - 16), r8)',
      'r2 = r10\nr2 += -8\n*(u16 *)(r2 + 2) = r9',
    ];
    await expectSameOf([...packet, ...loaded, ...stack, ...others], ['forward'], 25);
  });
});

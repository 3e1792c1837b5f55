import { describe, expect, it } from 'vitest';
import { count, expectSame, expectSameOf, withAndWithout } from './programs.ts';

describe('byte swaps', () => {
  it.each([
    ['twice are nothing', 'r7 = *(u64 *)(r6 + 0)\nr7 += 1\nr7 = bswap64 r7\nr7 = bswap64 r7\nr0 = r7'],
    [
      'of 32 bits in a comparison',
      'r7 = *(u32 *)(r6 + 0)\nr7 = be32 r7\nif r7 == 0x7f000001 goto out\nr0 = 1',
    ],
    ['of 16 bits in a comparison', 'r7 = *(u16 *)(r6 + 12)\nr7 = be16 r7\nif r7 != 0x800 goto out\nr0 = 1'],
  ])('%s are done at translation time', async (_, body) => {
    const { optimised, plain } = await withAndWithout(body, ['swap']);
    const work = (wasm: string): number =>
      wasm.split('\n').filter((line) => /sh[lr]|rot|shuffle|i8x16/.test(line)).length;
    expect(work(optimised)).toBe(0);
    expect(work(plain)).toBeGreaterThan(0);
  });

  it('of a constant that is compared are done at translation time', async () => {
    const body = 'r7 = *(u32 *)(r6 + 0)\nr7 = be32 r7\nif r7 == 0x7f000001 goto out\nr0 = 1';
    const { optimised } = await withAndWithout(body, []);
    expect(optimised).toContain(`const ${0x0100007f}\n`);
  });

  it('of eight bytes are a part of the load', async () => {
    const { optimised, plain } = await withAndWithout('r7 = *(u64 *)(r6 + 8)\nr7 = be64 r7\nr0 = r7', [
      'swap',
    ]);
    expect(count(plain, 'i64.load')).toBe(1);
    expect(count(optimised, 'i64.load')).toBe(0);
  });

  it('of constants are compared where constants are not computed', async () => {
    const body = 'r7 = 0x1234\nr7 = be32 r7\nif w7 == 0x34120000 goto out\nr0 = 1';
    expect(await expectSame(body, { without: ['fold'] })).toBe(true);
    expect(await expectSame(body.replaceAll('32 r7', '16 r7'), { without: ['fold', 'branches'] })).toBe(true);
  });

  it('change no result', async () => {
    const swaps = [
      'r7 = bswap64 r7',
      'r8 = bswap32 r8',
      'r9 = bswap16 r9',
      'r7 = bswap16 r7',
      'r7 = be32 r7',
      'r8 = le16 r8',
    ];
    const jumps = [
      'r7 == 0x800',
      'w8 == 0x7f000001',
      'r9 != 0x300',
      'r8 != 0x3',
      'r7 == 0x10000',
      'w7 != -1',
    ].map((test, index) => `if ${test} goto +1\nr${7 + (index % 3)} += ${index + 1}`);
    const loads = [
      'r7 = *(u64 *)(r6 + 16)\nr7 = be64 r7',
      'r7 = *(u16 *)(r6 + 1)',
      'r8 = *(u32 *)(r6 + 3)\nr8 = be32 r8',
    ];
    const stores = ['*(u64 *)(r6 + 12) = r7', 'r7 = r8', 'r7 = *(u64 *)(r6 + 16)\nr8 = r7\nr8 = be64 r8'];
    await expectSameOf([...swaps, ...jumps, ...loads, ...stores], ['swap'], 20);
  });
});

import { describe, expect, it } from 'vitest';
import { expectSame, expectSameOf, withAndWithout } from './programs.ts';

const accesses = (wasm: string): number =>
  wasm.split('\n').filter((line) => /^i64\.(load|store)/.test(line)).length;
const PROLOGUE = 2;
const LOOP =
  'r8 = 0\n*(u64 *)(r10 - 8) = r8\nagain:\nr7 = *(u64 *)(r10 - 8)\nr7 += r8\n*(u64 *)(r10 - 8) = r7\nr8 += 1\nif r8 != 1000 goto again\nr0 = *(u64 *)(r10 - 8)';
/** bpf_csum_diff reads 8 bytes at r10 - 8. */
const ESCAPE = 'r1 = r10\nr1 += -8\nr2 = 8\nr3 = r1\nr4 = 8\nr5 = 0\ncall 28';

describe('the stack', () => {
  it('is locals, also across blocks', async () => {
    const { optimised, plain } = await withAndWithout(LOOP, ['stack', 'forward', 'unroll']);
    expect([accesses(optimised) - PROLOGUE, accesses(plain) - PROLOGUE]).toEqual([0, 4]);
  });

  it('is locals where pieces overlap', async () => {
    const body =
      'r7 = *(u64 *)(r6 + 0)\n*(u64 *)(r10 - 8) = r7\n*(u16 *)(r10 - 6) = 5\nr0 = *(u32 *)(r10 - 8)';
    const { optimised } = await withAndWithout(body, []);
    expect(accesses(optimised) - PROLOGUE).toBe(1);
  });

  it.each([
    ['a helper gets its address', `${LOOP}\n${ESCAPE}`],
    ['an atomic instruction changes it', `${LOOP}\nlock *(u64 *)(r10 - 8) += r8`],
    ['a function gets its address', `${LOOP}\nr1 = r10\nr1 += -8\ncall reads\ngoto out`],
  ])('is memory where %s', async (_, body) => {
    const functions = body.includes('reads') ? 'reads:\nr0 = *(u64 *)(r1 + 0)\nexit' : '';
    const { optimised } = await withAndWithout(body, [], functions);
    expect(accesses(optimised) - PROLOGUE).toBeGreaterThanOrEqual(3);
    expect(await expectSame(body, { without: ['stack'], functions })).toBe(true);
  });

  it('keeps one slot in a local beside another whose address is known elsewhere', async () => {
    const body = `${LOOP.replaceAll('r10 - 8', 'r10 - 16')}\n*(u64 *)(r10 - 8) = r8\n${ESCAPE}`;
    const { optimised } = await withAndWithout(body, []);
    expect(accesses(optimised) - PROLOGUE).toBeLessThanOrEqual(2);
  });

  it('changes no result', async () => {
    const stores = [
      '*(u64 *)(r10 - 8) = r7',
      '*(u32 *)(r10 - 8) = r8',
      '*(u32 *)(r10 - 4) = -1',
      '*(u8 *)(r10 - 3) = r9',
      '*(u16 *)(r10 - 6) = r7',
    ];
    const loads = [
      'r7 = *(u64 *)(r10 - 8)',
      'r8 = *(u32 *)(r10 - 4)',
      'r8 = *(s8 *)(r10 - 3)',
      'r9 = *(u8 *)(r10 - 1)',
      'r7 = *(s16 *)(r10 - 8)',
      'r7 = *(u64 *)(r10 - 16)',
    ];
    const jumps = [
      'if r7 > r8 goto +1\n*(u16 *)(r10 - 6) = r8',
      'if w8 == 3 goto +2\n*(u64 *)(r10 - 16) = r7\nr9 += 1',
    ];
    const others = [
      'r2 = r10\nr2 += -8\n*(u16 *)(r2 + 2) = r9',
      'lock *(u32 *)(r10 - 16) += r8',
      'r9 = r10\nr9 = *(u8 *)(r9 - 5)',
      '*(u8 *)(r6 + 5) = r9',
    ];
    await expectSameOf([...stores, ...loads, ...jumps, 'w7 += w8'], ['stack'], 15);
    await expectSameOf([...stores, ...loads, ...jumps, ...others], ['stack'], 15);
  });
});

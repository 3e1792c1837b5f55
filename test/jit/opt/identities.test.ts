import { describe, expect, it } from 'vitest';
import { count, expectSameOf, withAndWithout } from './programs.ts';

const LOAD = 'r7 = *(u64 *)(r6 + 0)';

describe('identities', () => {
  it.each([
    ['i64.add', 'r7 += 0'],
    ['i64.mul', 'r7 *= 1'],
    ['i64.xor', 'r7 ^= 0'],
    ['i64.or', 'r7 |= r7'],
    ['i32.sub', 'r7 -= r7'],
    ['i64.and', 'r7 &= -1'],
  ])('%s goes in %s', async (insn, statement) => {
    const { optimised, plain } = await withAndWithout(`${LOAD}\n${statement}\nr0 = r7`, ['fold']);
    expect(count(plain, insn) - count(optimised, insn)).toBe(1);
  });

  it('constants are joined', async () => {
    const body = `${LOAD}\nr7 += 5\nr7 -= 3\nr7 += 40\nr0 = r7`;
    const { optimised, plain } = await withAndWithout(body, ['fold']);
    expect(optimised).toContain('i64.const 42');
    expect(count(plain, 'i64.add') + count(plain, 'i64.sub')).toBeGreaterThanOrEqual(3);
  });

  it('masks of what is known go', async () => {
    const { optimised, plain } = await withAndWithout('r7 = *(u8 *)(r6 + 0)\nr7 &= 255\nr0 = r7', ['fold']);
    expect([count(optimised, 'i64.and'), count(plain, 'i64.and')]).toEqual([0, 1]);
  });

  it('change no result', async () => {
    const same = [
      'r7 += 0',
      'w7 += 0',
      'r8 *= 1',
      'r9 ^= r9',
      'w8 -= w8',
      'r7 |= r7',
      'r7 &= 255',
      'w7 &= 0xff00',
    ];
    const shifts = ['r7 <<= 8', 'r7 <<= 56', 'r7 >>= 8', 'r7 >>= 60', 'w8 <<= 31', 'w8 <<= 1', 'w8 >>= 16'];
    const sums = [
      'r7 += 5',
      'r8 -= -1',
      'r7 += r8',
      'r9 |= 0x80',
      'r9 |= 0x7f',
      'r7 ^= 1',
      'r8 /= 1',
      'r9 *= 0',
    ];
    await expectSameOf([...same, ...shifts, ...sums], ['fold'], 20);
  });
});

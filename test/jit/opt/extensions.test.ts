import { describe, expect, it } from 'vitest';
import { sandboxProof, trustedProof } from '../../../src/verifier/proof.ts';
import { alu, exit, lddw, load, r } from '../../interp/insns.ts';
import { executeTranslated } from '../harness.ts';
import { alu as reference } from '../reference.ts';
import { count, expectSameOf, withAndWithout } from './programs.ts';

const LOAD = 'r7 = *(u64 *)(r6 + 0)';

describe('extensions', () => {
  it.each([
    [32, 'i64.extend_i32_u', 'r7 <<= 32\nr7 >>= 32'],
    [32, 'i64.extend32_s', 'r7 <<= 32\nr7 s>>= 32'],
    [16, 'i64.extend16_s', 'r7 <<= 48\nr7 s>>= 48'],
    [8, 'i32.extend8_s', 'w7 <<= 24\nw7 s>>= 24'],
  ])('of %i bits are seen in shifts: %s', async (_, insn, statements) => {
    const { optimised, plain } = await withAndWithout(`${LOAD}\n${statements}\nr0 = r7`, ['extensions']);
    const shifts = (wasm: string): number => wasm.split('\n').filter((line) => /sh[lr]/.test(line)).length;
    expect([count(optimised, insn) > 0, shifts(optimised), shifts(plain)]).toEqual([true, 0, 2]);
  });

  it('go where the bits are known', async () => {
    const body = 'r7 = *(u32 *)(r6 + 0)\nw8 = w7\nr7 <<= 32\nr7 >>= 32\nr0 = r7\nr0 += r8';
    const { optimised } = await withAndWithout(body, []);
    expect([count(optimised, 'i64.shl'), count(optimised, 'i64.extend_i32_u')]).toEqual([0, 0]);
  });

  const COUNTS = [
    0n,
    1n,
    8n,
    24n,
    31n,
    32n,
    33n,
    48n,
    56n,
    63n,
    64n,
    65n,
    96n,
    97n,
    1n << 53n,
    (1n << 53n) + 1n,
    -1n,
    -8n,
  ];

  it.each(['rsh', 'arsh'] as const)('counts of any size are those of eBPF (lsh, %s)', async (op) => {
    const packet = [0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8];
    const number = packet.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    for (const width of [32, 64] as const) {
      for (const left of COUNTS) {
        const rights = COUNTS.filter(
          (right) => right === left || right === left + 64n || right === left - 32n,
        );
        for (const right of [...rights, 8n, 64n]) {
          const insns = [
            load(8, 0, 1, 0),
            ...lddw(2, left),
            ...lddw(3, right),
            alu('lsh', 0, r(2), width),
            alu(op, 0, r(3), width),
            alu('and', 0, 255),
            exit,
          ];
          const expected = reference(
            op,
            width,
            reference('lsh', width, number, BigInt.asUintN(64, left)),
            BigInt.asUintN(64, right),
          );
          const { r0 } = await executeTranslated({ insns, proof: trustedProof }, { packet });
          expect([width, left, right, r0]).toEqual([width, left, right, expected & 255n]);
        }
      }
    }
  }, 60_000);

  it('a count that no number can hold says what it shifts', async () => {
    const insns = [
      load(1, 0, 1, 0),
      ...lddw(2, (1n << 53n) + 1n),
      alu('lsh', 0, r(2)),
      alu('and', 0, 0xff),
      exit,
    ];
    for (const proof of [trustedProof, sandboxProof])
      expect(await executeTranslated({ insns, proof }, { packet: [0xff] })).toMatchObject({ r0: 0xfen });
  });

  it('change no result', async () => {
    const up = ['r7 <<= 32', 'r7 <<= 48', 'r7 <<= 56', 'r7 <<= 31', 'w8 <<= 16', 'w8 <<= 24', 'w8 <<= 23'];
    const down = [
      'r7 >>= 32',
      'r7 s>>= 32',
      'r7 s>>= 56',
      'r7 >>= 33',
      'r7 s>>= 31',
      'w8 s>>= 24',
      'w8 >>= 16',
      'w8 s>>= 17',
    ];
    const moves = [
      'r7 = (s8)r7',
      'r8 = (s32)r7',
      'w8 = (s16)w7',
      'w7 = w8',
      'r9 = (s8)r9',
      'r7 = r8',
      'w7 += w9',
      'r8 &= 0xffff',
    ];
    await expectSameOf([...up, ...down, ...moves, 'r7 *= r8'], ['extensions'], 20);
  });
});

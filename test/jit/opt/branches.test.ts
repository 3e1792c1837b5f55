import { describe, expect, it } from 'vitest';
import type { Insn } from '../../../src/isa/insn.ts';
import { decideBranches } from '../../../src/jit/code.ts';
import { type Proof, trustedProof } from '../../../src/verifier/proof.ts';
import { exit, jump, mov } from '../../interp/insns.ts';
import { count, expectSameOf, withAndWithout } from './programs.ts';

const ifs = (wasm: string): number => count(wasm, 'if') + count(wasm, 'br_if');
/** Of the prologue: a short packet. */
const PROLOGUE = 1;

describe('branches', () => {
  it.each([
    ['never happen', 'r7 = *(u8 *)(r6 + 0)\nif r7 > 255 goto far\nr0 = 7\ngoto out\nfar:\nr0 = 1'],
    ['always happen', 'r7 = *(u8 *)(r6 + 0)\nif r7 < 256 goto far\nr0 = 7\ngoto out\nfar:\nr0 = 1'],
  ])('that %s are decided', async (_, body) => {
    const { optimised, plain } = await withAndWithout(body, ['branches', 'fold']);
    expect([ifs(optimised) - PROLOGUE, ifs(plain) - PROLOGUE]).toEqual([0, 1]);
  });

  it('that happen now and then are left', async () => {
    const { optimised } = await withAndWithout('r7 = *(u8 *)(r6 + 0)\nif r7 > 254 goto out\nr0 = 7', []);
    expect(ifs(optimised) - PROLOGUE).toBe(1);
  });

  it('are jumps, or nothing', () => {
    const insns: (Insn | undefined)[] = [
      jump('jeq', 1, 0, 1),
      jump('jeq', 1, 0, 1),
      jump('jeq', 1, 0, 0),
      mov(0, 0),
      exit,
    ];
    const facts = new Map([
      [0, { taken: true }],
      [1, { taken: false }],
    ]);
    const proof: Proof = { ...trustedProof, mode: 'verified', facts };
    expect(decideBranches(insns, proof)).toEqual([
      { kind: 'ja', long: false, off: 1 },
      { kind: 'ja', long: false, off: 0 },
      ...insns.slice(2),
    ]);
  });

  it('change no result', async () => {
    const facts = ['r9 &= 15', 'r7 = 3', 'w8 = 9', 'r7 &= 0xff', 'r9 = 0', 'r8 += 1', 'r7 = r9', 'r8 = -1'];
    const jumps = [
      'r9 > 255',
      'r9 < 16',
      'r7 == 3',
      'w8 != 9',
      'w8 s< 0',
      'r7 & 0x100',
      'r8 == r7',
      'r9 <= 255',
      'r8 >= 0',
    ].map((test, index) => `if ${test} goto +2\nr${7 + (index % 3)} += ${index + 1}\nr9 ^= ${index}`);
    await expectSameOf([...facts, ...jumps], ['branches', 'fold']);
    await expectSameOf([...facts, ...jumps], ['branches']);
  });
});

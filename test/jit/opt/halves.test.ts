import { beforeAll, describe, expect, it } from 'vitest';
import { programFromAssembly } from '../../../src/index.ts';
import { codeOf, codeOfProgram } from '../../../src/jit/code.ts';
import { halfRegisters } from '../../../src/jit/opt/halves.ts';
import { trustedProof } from '../../../src/verifier/proof.ts';
import { checkStructure } from '../../../src/verifier/structure.ts';
import { Verifier } from '../../../src/verifier/verify.ts';
import { expectSameOf, withAndWithout } from './programs.ts';

const HEAD = 'r0 = 0\nr6 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr2 = r6\nr2 += 64\nif r2 > r3 goto out\n';

describe('registers in 32-bit locals', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await Verifier.open();
  });

  /** Masks of the block that begins behind the label, by the proof and without one. */
  function halvesAt(label: string, body: string): { half: number; without: number } {
    const program = programFromAssembly(`${HEAD}${body}\nout:\nexit\n`, { type: 'xdp' });
    const { proof } = verifier.verify(program);
    if (proof === undefined) throw new Error('rejected');
    const structure = checkStructure(program);
    const [main] = structure.subprograms;
    if (main === undefined) throw new Error('no function');
    const code = codeOf(codeOfProgram(structure.decoded.insns, proof, false), main);
    const start =
      HEAD.split('\n').length -
      1 +
      body
        .split(`${label}:`)[0]!
        .split('\n')
        .filter((line) => line !== '').length;
    const block = code.cfg.blocks.findIndex((one) => one.start === start);
    return {
      half: halfRegisters(code, proof)[block] ?? 0,
      without: halfRegisters(code, trustedProof)[block] ?? 0,
    };
  }
  const has = (mask: number, register: number): boolean => (mask & (1 << register)) !== 0;

  it('are those without a high half: small numbers, and addresses', () => {
    const body =
      'r7 = *(u64 *)(r6 + 0)\nr8 = 0\nagain:\nr5 = *(u8 *)(r6 + 3)\nr7 += r5\nr7 += r8\nr8 += 1\nif r8 < 90 goto again\nr0 = r7';
    const { half, without } = halvesAt('again', body);
    expect([has(half, 6), has(half, 7), has(half, 8)]).toEqual([true, false, true]);
    expect(without).toBe(0);
  });

  it('and those whose high half nobody reads', () => {
    const body = 'r7 = *(u64 *)(r6 + 0)\nr8 = 0\nagain:\nw7 *= 3\nr8 += 1\nif r8 != 90 goto again\nr0 = r7';
    expect(has(halvesAt('again', body).half, 7)).toBe(true);
    const stored = body.replace('w7 *= 3', '*(u32 *)(r6 + 8) = r7\nr7 = r8');
    expect(has(halvesAt('again', stored).half, 7)).toBe(true);
    const whole = body.replace('w7 *= 3', '*(u64 *)(r6 + 8) = r7');
    expect(has(halvesAt('again', whole).half, 7)).toBe(false);
    const later = body.replace('w7 *= 3', '*(u32 *)(r6 + 8) = r7');
    expect(has(halvesAt('again', later).half, 7)).toBe(false);
  });

  it('need no extension in loops', async () => {
    const body =
      'r7 = *(u32 *)(r6 + 0)\nr8 = *(u8 *)(r6 + 4)\nagain:\nw7 *= 3\nr8 -= 1\nif r8 s> 0 goto again\nr0 = r7';
    const { optimised, plain } = await withAndWithout(body, ['halves']);
    const inLoop = (wasm: string): string => wasm.split(/^loop.*$/m)[1] ?? '';
    expect(inLoop(plain).split(/^end$/m)[0]).toMatch(/extend/);
    expect(inLoop(optimised).split(/^end$/m)[0]).not.toMatch(/i64.extend_i32_u\nlocal.set/);
  });

  it('change no result', async () => {
    const narrow = [
      'w7 += w8',
      'w8 *= 3',
      'w9 = w7',
      'r9 &= 255',
      '*(u32 *)(r6 + 8) = r7',
      '*(u8 *)(r6 + 9) = r8',
      'r8 = *(u32 *)(r6 + 4)',
    ];
    const whole = [
      'r7 += r8',
      '*(u64 *)(r10 - 8) = r7',
      'r7 = *(u64 *)(r10 - 8)',
      'r9 <<= 7',
      'r8 -= 1',
      'r7 = bswap32 r7',
      'r8 = -r8',
    ];
    const jumps = ['w7 > 9', 'r8 s< 9', 'r9 == 3', 'w8 s> -1', 'r7 > r8'].map(
      (test, index) => `if ${test} goto +2\nw${7 + (index % 3)} += ${index}\nr${7 + (index % 3)} -= 3`,
    );
    const loops = ['a', 'b', 'c'].map((name, index) =>
      `r5 = 0\nLOOP:\nr${7 + index} += r5\nw${9 - index} ^= w5\nr5 += 1\nif r5 != ${500 + index} goto LOOP`.replaceAll(
        'LOOP',
        name,
      ),
    );
    // A label can be there once.
    const pool = [...narrow, ...whole, ...jumps];
    await expectSameOf(pool, ['halves'], 15);
    for (const loop of loops) await expectSameOf(pool, ['halves'], 4, loop);
  }, 60_000);
});

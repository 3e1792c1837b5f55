import { expect, it } from 'vitest';
import { trustedProof } from '../../../src/verifier/proof.ts';
import { alu, exit, jump, load, mov, r } from '../../interp/insns.ts';
import { executeTranslated } from '../harness.ts';

/** Each block sums a register up with itself so often that its expression has millions of paths. */
it('writes blocks of sums of sums', async () => {
  const blocks = Array.from({ length: 40 }, (_, index) => [
    alu('sub', 3, 1),
    ...Array.from({ length: 24 }, () => alu('add', 2, r(2))),
    alu('add', 2, index),
    mov(0, 7),
    jump('jeq', 3, 0, 1),
    alu('add', 2, 1),
  ]).flat();
  const insns = [load(1, 2, 1, 0), mov(3, 5), ...blocks, mov(0, r(2)), exit];
  let expected = 9n;
  for (let index = 0; index < 40; index++)
    expected = (expected << 24n) + BigInt(index) + (index === 4 ? 0n : 1n);
  const outcome = await executeTranslated({ insns, proof: trustedProof }, { packet: [9] });
  expect(outcome.r0).toBe(BigInt.asUintN(64, expected));
});

it('keeps what registers held where they change places', async () => {
  const insns = [
    load(8, 2, 1, 0),
    load(8, 3, 1, 8),
    jump('jeq', 2, 0, 0),
    mov(4, r(2)),
    mov(2, r(3)),
    mov(3, r(4)),
    jump('jgt', 4, r(2), 1),
    alu('add', 3, r(2)),
    alu('mul', 3, 3),
    mov(0, r(3)),
    alu('sub', 0, r(2)),
    exit,
  ];
  const packet = (a: number, b: number): number[] =>
    Array.from({ length: 16 }, (_, at) => (at === 0 ? a : at === 8 ? b : 0));
  expect(await executeTranslated({ insns, proof: trustedProof }, { packet: packet(7, 2) })).toMatchObject({
    r0: 19n,
  });
  expect(await executeTranslated({ insns, proof: trustedProof }, { packet: packet(2, 7) })).toMatchObject({
    r0: 20n,
  });
});

it.each([
  true,
  false,
  { without: ['fold'] as const },
])('computes anew what the block before made of a constant (%j)', async (optimize) => {
  const insns = [
    mov(2, 5),
    mov(3, r(2)),
    alu('add', 3, 7),
    mov(5, r(3)),
    mov(0, 0),
    load(8, 6, 1, 0),
    jump('jgt', 6, 100, 9),
    load(8, 4, 1, 8),
    load(8, 7, 1, 16),
    mov(8, r(2)),
    alu('add', 8, 7),
    mov(0, r(8)),
    alu('mul', 0, r(4)),
    alu('mul', 0, r(7)),
    alu('add', 0, r(8)),
    mov(4, r(4)),
    alu('add', 0, r(3)),
    alu('add', 0, r(5)),
    exit,
  ];
  const packet = Array.from({ length: 24 }, (_, at) => (at % 8 === 0 ? 20 + at : 0));
  const outcome = await executeTranslated({ insns, proof: trustedProof }, { packet, optimize });
  expect(outcome.r0).toBe(12n * 28n * 36n + 3n * 12n);
});

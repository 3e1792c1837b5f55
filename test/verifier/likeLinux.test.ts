import { expect, test } from 'vitest';
import { programFromAssembly } from '../../src/frontend/raw.ts';
import { Verifier } from '../../src/verifier/verify.ts';

const verifier = await Verifier.open();

/** Programs that are right, with what Linux 6.18 says of them. */
const BEYOND: readonly (readonly [what: string, linux: RegExp, text: string])[] = [
  [
    'a remainder',
    /unbounded min value/,
    `r1 = *(u32 *)(r1 + 12)
     r1 %= 8
     r1 += r10
     r0 = *(u8 *)(r1 - 8)
     exit`,
  ],
  [
    'a shift by a register',
    /unbounded min value/,
    `r2 = *(u32 *)(r1 + 12)
     r3 = 255
     r3 >>= r2
     r3 += r10
     r0 = *(u8 *)(r3 - 256)
     exit`,
  ],
  [
    'a register combined with itself',
    /unbounded variable-offset read/,
    `r2 = *(u32 *)(r1 + 12)
     r2 ^= r2
     r2 += r10
     r0 = *(u8 *)(r2 - 8)
     exit`,
  ],
  [
    'bits tested, told by bounds',
    /R2 !read_ok/,
    `r1 = *(u32 *)(r1 + 12)
     r1 += 64
     r3 = -64
     if r1 & r3 goto set
     r0 = r2
     exit
     set:
     r0 = 0
     exit`,
  ],
  [
    'the range of what no bit was found in',
    /invalid variable-offset read|invalid read from stack/,
    `r2 = *(u32 *)(r1 + 12)
     r3 = r2
     r3 += 8
     if r3 & -16 goto out
     r2 += r10
     r0 = *(u8 *)(r2 - 512)
     exit
     out:
     r0 = 0
     exit`,
  ],
  [
    'a negative number shifted',
    /unbounded min value/,
    `r2 = *(s8 *)(r10 - 8)
     r2 <<= 1
     r2 += r10
     r0 = *(u8 *)(r2 - 255)
     r0 = 0
     exit`,
  ],
];

test.each(BEYOND)('knows %s, and can do without', (_, linux, text) => {
  const program = programFromAssembly(text, { type: 'xdp' });
  expect(verifier.verify(program).rejection?.reason).toBeUndefined();
  expect(verifier.verify(program, { likeLinux: true }).rejection?.reason).toMatch(linux);
});

/** Programs of any length, for what grows with it: ALU operations, packet loads, stack slots and branches, as in real ones. */
import { type Program, programFromAssembly } from '../src/index.ts';

/** Bytes of packet that generated programs need. */
export const GENERATED_PACKET = 64;

const HEAD = [
  'r2 = *(u32 *)(r1 + 0)',
  'r3 = *(u32 *)(r1 + 4)',
  'r4 = r2',
  `r4 += ${GENERATED_PACKET}`,
  'r0 = 0',
  'r6 = 1',
  'if r4 > r3 goto out',
];
const TAIL = ['r0 += r6', 'out:', 'exit'];
/** Instructions of HEAD and TAIL. */
const FRAME = HEAD.length + TAIL.length - 1;

/** Ten instructions: one packet load, one slot written and read, one branch that meets again. */
const block = (i: number): string[] => [
  `r5 = *(u8 *)(r2 + ${(i * 7) % GENERATED_PACKET})`,
  'r6 += r5',
  `r6 *= ${(i % 251) * 2 + 3}`,
  `*(u64 *)(r10 - ${8 + (i % 8) * 8}) = r6`,
  `if r5 > ${i % 256} goto even${i}`,
  `w6 ^= ${i}`,
  `r6 >>= ${(i % 7) + 1}`,
  `even${i}:`,
  `r7 = *(u64 *)(r10 - ${8 + (i % 8) * 8})`,
  'r6 += r7',
  'r0 += r6',
];
const BLOCK = 10;

/** An XDP program of about so many instructions (17 at least, whole blocks). */
export function generate(insns: number): Program {
  const blocks = Math.max(1, Math.round((insns - FRAME) / BLOCK));
  const body = Array.from({ length: blocks }, (_, i) => block(i)).flat();
  return programFromAssembly([...HEAD, ...body, ...TAIL].join('\n'), { name: 'generated', type: 'xdp' });
}

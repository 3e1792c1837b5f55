import type { ExitValue } from '../../../src/verifier/contexts/index.ts';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { encode, reasonOf } from './measure.ts';
import type { Site } from './sites.ts';

/** A way to fill r0, and what the verifier knows of it then. */
interface Sample {
  readonly name: string;
  readonly code: Buffer;
  readonly value: ExitValue;
}

const constant = (imm: number): Sample => ({
  name: String(imm),
  code: encode(0xb7, 0, 0, 0, imm),
  value: { min: BigInt(imm), max: BigInt(imm) },
});

/** Uninitialised stack is an unknown scalar to privileged programs. */
const unknown = (opcode: number): Buffer => encode(opcode, 0, 10, -8, 0);

export const SAMPLES: readonly Sample[] = [
  ...[-(2 ** 31), -1, 0, 1, 2, 3, 4, 2 ** 31 - 1].map(constant),
  {
    name: 'u32',
    code: unknown(0x61),
    value: { min: 0n, max: 0xffff_ffffn },
  },
  { name: 'u64', code: unknown(0x79), value: { min: -(2n ** 63n), max: 2n ** 63n - 1n } },
  {
    name: 'u64 >> 1',
    code: Buffer.concat([unknown(0x79), encode(0x77, 0, 0, 0, 1)]),
    value: { min: 0n, max: 2n ** 63n - 1n },
  },
  {
    name: 'u64 & 1',
    code: Buffer.concat([unknown(0x79), encode(0x57, 0, 0, 0, 1)]),
    value: { min: 0n, max: 1n },
  },
  {
    name: '0x1_0000_0001',
    code: Buffer.concat([encode(0x18, 0, 0, 0, 1), encode(0, 0, 0, 0, 1)]),
    value: { min: 0x1_0000_0001n, max: 0x1_0000_0001n },
  },
  { name: 'w0 = -1', code: encode(0xb4, 0, 0, 0, -1), value: { min: 0xffff_ffffn, max: 0xffff_ffffn } },
  { name: 'fp', code: encode(0xbf, 0, 10, 0, 0), value: { pointer: 'fp' } },
];

/** Complaints by the sample that is returned; samples the program may return are left out. */
export type ReturnTable = Readonly<Record<string, string>>;

const EXIT = encode(0x95, 0, 0, 0, 0);

export async function measureReturns(
  judge: KernelJudge,
  { candidate }: Pick<Site, 'candidate'>,
): Promise<ReturnTable> {
  const table: Record<string, string> = {};
  for (const { name, code } of SAMPLES) {
    const verdict = await judge.verify({ ...candidate, code: Buffer.concat([code, EXIT]) });
    if (verdict.errno !== 0) table[name] = reasonOf(verdict);
  }
  return table;
}

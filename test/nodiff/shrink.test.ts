import { expect, test } from 'vitest';
import { decodeProgram } from '../../src/isa/decode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { caseOf } from './case.ts';
import type { Job } from './engines.ts';
import { shrink } from './shrink.ts';

const insnsOf = (job: Job): Insn[] => decodeProgram(job.code).insns.filter((insn) => insn !== undefined);

/** As if an engine computed every signed division wrongly. */
const hasSignedDivision = async (job: Job): Promise<boolean> =>
  insnsOf(job).some((insn) => insn.kind === 'alu' && insn.op === 'sdiv');

test('a divergence is shrunk to the instruction that causes it', async () => {
  const seed = Array.from({ length: 200 }, (_, index) => index);
  for (const { job } of seed.map(caseOf)) {
    if (insnsOf(job).length < 100 || !(await hasSignedDivision(job))) continue;
    const kinds = insnsOf(await shrink(job, hasSignedDivision)).map(({ kind }) => kind);
    expect(kinds).toEqual(['alu', 'exit']);
    return;
  }
  throw new Error('no case among 200 has a signed division');
});

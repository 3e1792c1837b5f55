import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readVectors } from '../conformance/files.ts';
import type { Vector } from '../conformance/format.ts';
import { jobOf } from '../conformance/runner.ts';
import { KernelJudge } from './kernel.ts';
import { type KernelOutcome, runInKernel } from './run.ts';

const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`kernel tests skipped: ${reason}`);

/** Vectors with a result; a trap or a refusal of ours is no business of the kernel's. */
const vectors = readVectors(join(import.meta.dirname, '../vectors')).filter(
  ({ result, kernel, mode }) => result !== undefined && kernel?.kind !== 'skip' && mode === 'sandbox',
);

async function ask(vector: Vector) {
  if (typeof judge === 'string') throw new Error(judge);
  await judge.reset();
  return runInKernel(judge, jobOf(vector), vector.memory);
}

describe.skipIf(reason !== '')('vectors in the Linux kernel', () => {
  afterAll(() => {
    if (typeof judge !== 'string') judge.close();
  });
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
    expect(kernelProblem(vector, await ask(vector))).toBe('');
  });
});

/** How the kernel's outcome differs from what the vector says; '' when it does not. */
function kernelProblem(vector: Vector, outcome: KernelOutcome): string {
  const rejection = vector.kernel?.kind === 'rejects' ? vector.kernel.text : undefined;
  if (outcome.kind === 'rejected') {
    const expected = rejection !== undefined && outcome.log.includes(rejection);
    return expected ? '' : `rejected: ${outcome.log}`;
  }
  if (rejection !== undefined) return `accepted, but expected a rejection with "${rejection}"`;
  if (outcome.r0 !== vector.result) return `r0 = ${outcome.r0}, expected ${vector.result}`;
  const { memoryAfter } = vector;
  const same = memoryAfter === undefined || Buffer.compare(memoryAfter, outcome.data) === 0;
  return same ? '' : `memory is ${Buffer.from(outcome.data).toString('hex')}`;
}

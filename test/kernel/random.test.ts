import { expect, test } from 'vitest';
import { huntInKernel } from './hunt.ts';
import { KernelJudge } from './kernel.ts';

const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (typeof judge === 'string') console.log(`kernel tests skipped: ${reason}`);
else judge.close();

test.skipIf(reason !== '')(
  'random programs run as in the Linux kernel',
  async () => {
    const { divergences, ran, programs } = await huntInKernel({
      seed: 1,
      insns: 10_000_000n,
      milliseconds: 10_000,
    });
    expect(divergences).toEqual([]);
    expect(ran).toBeGreaterThan(programs / 2);
  },
  120_000,
);

import { afterAll, describe, expect, test } from 'vitest';
import { helperName } from '../../src/index.ts';
import { Random } from '../nodiff/random.ts';
import { helpersIn, randomCalls, TYPES } from './helperCalls.ts';
import { differenceOf } from './helperRuns.ts';
import { KernelJudge } from './kernel.ts';

const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`helpers in the kernel: skipped: ${reason}`);

/** Programs for each helper; more of them: npm run helper-calls. */
const PROGRAMS = 5;

const subjects = TYPES.flatMap((type) =>
  helpersIn(type).map((id) => [type, helperName(id) ?? `${id}`, id] as const),
);

describe.skipIf(reason !== '')('helpers do what they do in the Linux kernel', () => {
  afterAll(() => {
    if (typeof judge !== 'string') judge.close();
  });

  test.each(subjects)('%s: %s', { timeout: 60_000 }, async (type, _, id) => {
    if (typeof judge === 'string') throw new Error(judge);
    const random = new Random(id);
    for (let index = 0; index < PROGRAMS; index++) {
      const calls = randomCalls(random, type, id);
      expect(await differenceOf(judge, calls), calls.text('result')).toBeOneOf(['', undefined]);
    }
  });
});

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../nodiff/random.ts';
import { KernelJudge } from './kernel.ts';
import { KernelMap, type Operation, OurMap, operations, SUBJECTS, type Subject } from './maps.ts';

const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`kernel tests skipped: ${reason}`);

const SEQUENCES = 25;
const LENGTH = 60;

/** The CPUs that the kernel keeps per-CPU values for. */
function possibleCpus(): number {
  try {
    const range = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
    return Number(range?.[1] ?? 0) + 1;
  } catch {
    return availableParallelism();
  }
}

const inWords = (operation: Operation): string =>
  Object.values(operation)
    .map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part)))
    .join(' ');

/** Which key follows another, and which is last, depends on an order that hashes are free to choose. */
const comparable = ({ ordered }: Subject, { name }: Operation, answer: string): string =>
  name === 'next' && !ordered ? 'any key' : answer;

async function sequence(subject: Subject, seed: number): Promise<{ ours: string[]; kernel: string[] }> {
  if (typeof judge === 'string') throw new Error(judge);
  await judge.reset();
  const [ours, kernel] = [await OurMap.of(subject, possibleCpus()), await KernelMap.of(judge, subject)];
  const log = { ours: [] as string[], kernel: [] as string[] };
  for (const operation of operations(subject, new Random(seed), LENGTH, ours.valueBytes)) {
    log.ours.push(`${inWords(operation)}: ${comparable(subject, operation, await ours.apply(operation))}`);
    log.kernel.push(
      `${inWords(operation)}: ${comparable(subject, operation, await kernel.apply(operation))}`,
    );
  }
  return log;
}

describe.skipIf(reason !== '')('map operations as in the Linux kernel', () => {
  afterAll(() => {
    if (typeof judge !== 'string') judge.close();
  });
  test.each(SUBJECTS.map((subject) => [subject.spec.name, subject] as const))('%s', async (_, subject) => {
    for (let seed = 1; seed <= SEQUENCES; seed++) {
      const { ours, kernel } = await sequence(subject, seed);
      expect(ours).toEqual(kernel);
    }
  });
});

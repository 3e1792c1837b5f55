/**
 * Calls helpers with random arguments in the Linux kernel and in both engines, as root:
 *
 *   npm run helper-calls -- [--count N] [--seed N] [--helper NAME] [--json]
 *
 * --count programs (default 20) for each helper in each program type that BPF_PROG_TEST_RUN gives packets.
 */
import { parseArgs } from 'node:util';
import { helperName } from '../src/index.ts';
import { helpersIn, randomCalls, TYPES } from '../test/kernel/helperCalls.ts';
import { differenceOf } from '../test/kernel/helperRuns.ts';
import { KernelJudge } from '../test/kernel/kernel.ts';
import { Random } from '../test/nodiff/random.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    helper: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const judge = await KernelJudge.open();
if (typeof judge === 'string') {
  console.error(`helper-calls: ${judge}`);
  process.exit(2);
}
const subjects = TYPES.flatMap((type) => helpersIn(type).map((id) => ({ type, id }))).filter(
  ({ id }) => values.helper === undefined || helperName(id) === values.helper,
);
const random = new Random(Number(values.seed));
const counts = { programs: 0, refused: 0, differences: 0 };
for (const [index, { type, id }] of subjects.entries()) {
  if (process.stderr.isTTY) process.stderr.write(`\r${index + 1} of ${subjects.length}`);
  for (let program = 0; program < Number(values.count); program++) {
    const calls = randomCalls(random, type, id);
    const difference = await differenceOf(judge, calls);
    counts.programs++;
    if (difference === undefined) counts.refused++;
    if (!difference) continue;
    counts.differences++;
    const text = calls.text('result');
    console.log(values.json ? JSON.stringify({ type, difference, text }) : `${type}: ${difference}`);
  }
}
judge.close();
const { programs, refused, differences } = counts;
console.log(
  values.json
    ? JSON.stringify(counts)
    : `${programs} programs, ${refused} refused by the kernel or lacking a helper, ${differences} differences`,
);
process.exitCode = differences === 0 && refused < programs ? 0 : 1;

/**
 * Holds the verifier against the Linux kernel's verdicts on programs of public objects:
 *
 *   npm run verdicts -- OBJECTS.jsonl DIR [--only SUBSTR] [--timeout SECONDS] [--log DIR] [--json]
 *
 * Each line of OBJECTS.jsonl names an object (a path under DIR), a program, the type it was loaded with, and what the
 * kernel said of it.
 *
 * --only     programs whose `OBJECT SECTION PROGRAM` contains SUBSTR
 * --timeout  ends the walk of a program after so long (default 120)
 * --log      keeps the walk of each program, in the kernel's form, as DIR/OBJECT/SECTION__PROGRAM.log
 * --json     one line a program instead of the tables
 *
 * The exit code is 1 when ours accepts a program that the kernel rejects, or gives no verdict at all (a crash, a
 * walk without end).
 */
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { Judges } from './verdicts/judges.ts';
import { broken, type Outcome, unsafe } from './verdicts/outcome.ts';
import { report } from './verdicts/report.ts';
import { type Row, readRows } from './verdicts/row.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    timeout: { type: 'string', default: '120' },
    log: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

async function judgeAll(rows: readonly Row[], directory: string): Promise<Outcome[]> {
  const judges = new Judges(Number(values.timeout));
  const bar = new SingleBar({
    format: '{bar} {value} of {total} programs, {duration_formatted}  {program}',
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  const outcomes: Outcome[] = [];
  bar.start(rows.length, 0, { program: '' });
  for (const row of rows) {
    bar.update({ program: row.prog });
    outcomes.push({ row, ours: await judges.ask({ row, directory, log: values.log }) });
    bar.increment();
  }
  bar.stop();
  await judges.close();
  return outcomes;
}

const [rowsFile, directory] = positionals;
if (!rowsFile || !directory) {
  console.error(
    'usage: npm run verdicts -- OBJECTS.jsonl DIR [--only SUBSTR] [--timeout SECONDS] [--log DIR] [--json]',
  );
  process.exit(2);
}
const outcomes = await judgeAll(readRows(rowsFile, values.only), directory);
if (values.json) for (const { row, ours } of outcomes) console.log(JSON.stringify({ ...ours, kernel: row }));
else report(outcomes);
process.exitCode = outcomes.some((outcome) => unsafe(outcome) || broken(outcome)) ? 1 : 0;

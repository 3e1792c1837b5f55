/**
 * npm run bench:verifier -- [OBJECTS.jsonl DIR] [--top N] [--rounds N] [--loads N] [--only SUBSTR] [--json]
 *
 * The time of our verifier against the Linux kernel's, on one machine and in one run: in each round, object by object,
 * the kernel loads the programs and ours verifies them. Without arguments this repository's own objects; else the
 * programs that OBJECTS.jsonl lists (object below DIR, section, program, type), the N largest of them (default 30).
 *
 * --rounds  default 3
 * --loads   of a program in each round, by either side (default 3)
 * --only    programs whose `OBJECT PROGRAM` contains SUBSTR
 * --json    one line a program instead of the table
 *
 * The kernel's `load` has everything BPF_PROG_LOAD does at log level 0, translation to machine code included; its
 * `verify` is what the verifier's own clock says. Ours is the wall-clock time of `verify`. Where there is no kernel to
 * ask, or no compiler for the program that asks it, ours alone is measured.
 */
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { Kernel, type KernelLoad } from './kernel.ts';
import { measureOurs, type OurRun } from './ours.ts';
import { summary, table } from './report.ts';
import { type Row, rowOf } from './row.ts';
import { byObject, listed, own, type Subject } from './subjects.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    top: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    loads: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

interface Samples {
  readonly ours: OurRun[];
  readonly kernel: KernelLoad[];
}

async function largest(): Promise<Subject[]> {
  const [list, directory] = positionals;
  const all = list && directory ? await listed(list, directory) : await own();
  return all
    .filter(({ path, program }) => `${path} ${program.name}`.includes(values.only))
    .sort((a, b) => b.size - a.size)
    .slice(0, Number(values.top));
}

/** One round over the programs of one object. */
async function visit(
  subjects: readonly Subject[],
  samples: ReadonlyMap<Subject, Samples>,
  kernel: Kernel | undefined,
): Promise<void> {
  const loads = Number(values.loads);
  for (const [subject, load] of kernel?.measure(subjects, loads) ?? [])
    samples.get(subject)?.kernel.push(load);
  for (const subject of subjects) samples.get(subject)?.ours.push(await measureOurs(subject, loads));
}

async function measureAll(subjects: readonly Subject[], kernel: Kernel | undefined): Promise<Row[]> {
  const samples = new Map(subjects.map((subject): [Subject, Samples] => [subject, { ours: [], kernel: [] }]));
  const rounds = Number(values.rounds);
  const groups = byObject(subjects);
  const bar = new SingleBar({
    format: '{bar} {value} of {total} programs, {duration_formatted}',
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  bar.start(subjects.length * rounds, 0);
  for (let round = 0; round < rounds; round++) {
    for (const group of groups) {
      await visit(group, samples, kernel);
      bar.increment(group.length);
    }
  }
  bar.stop();
  return subjects.map((subject) => {
    const { ours, kernel: loads } = samples.get(subject) ?? { ours: [], kernel: [] };
    return rowOf(subject, ours, loads, kernel?.isLinked(subject) ?? false);
  });
}

const subjects = await largest();
if (subjects.length === 0) {
  console.error('no such program');
  process.exit(2);
}
const kernel = Kernel.open();
if (typeof kernel === 'string') console.error(`ours alone: ${kernel}`);
const rows = await measureAll(subjects, typeof kernel === 'string' ? undefined : kernel);
if (typeof kernel !== 'string') kernel[Symbol.dispose]();
if (values.json) for (const row of rows) console.log(JSON.stringify(row));
else console.log(`${table(rows)}\n\n${summary(rows, process.resourceUsage().maxRSS * 1024)}`);

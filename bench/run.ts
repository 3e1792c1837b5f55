/**
 * npm run bench -- [NAME …] [--json FILE] [--markdown]
 *
 * Both engines, in the sandbox and without it, side by side in one run: the programs of bench/programs, each on its
 * fixed input, and the examples over the recorded traffic. Medians, in ns.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureCapture } from './capture.ts';
import { measure, RUNS_PER_CALL } from './measure.ts';
import { type BenchProgram, benchPrograms, countInstructions, prepare } from './programs.ts';
import { markdown, summary, table } from './report.ts';
import { type Row, type Variant, variants } from './row.ts';

async function measureProgram(bench: BenchProgram): Promise<Row> {
  const cases = {} as Record<Variant, () => void>;
  for (const [name, options] of variants) {
    const program = await prepare(bench, options);
    cases[name] = () => {
      program.repeat(bench.input, RUNS_PER_CALL);
    };
  }
  return { name: bench.name, insns: await countInstructions(bench), timings: await measure(cases) };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, markdown: { type: 'boolean', default: false } },
});
const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
const print = (rows: readonly Row[]): void => {
  if (rows.length === 0) return;
  console.log(values.markdown ? markdown(rows) : table(rows));
  console.log(`\n${summary(rows)}\n`);
};

const rows: Row[] = [];
for (const bench of benchPrograms.filter(({ name }) => wanted(name))) {
  process.stderr.write(`${bench.name} …\n`);
  rows.push(await measureProgram(bench));
}
print(rows);

const overCapture: Row[] = [];
if (positionals.length === 0) for await (const row of measureCapture()) overCapture.push(row);
print(overCapture);

if (values.json) {
  const { arch, platform, version } = process;
  writeFileSync(
    values.json,
    JSON.stringify({ node: version, platform, arch, programs: rows, capture: overCapture }),
  );
}

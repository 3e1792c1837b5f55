/**
 * Random programs against the verifier: what it accepts must run without a fault, and as it says.
 *
 *   npm run soundness -- [--count N] [--seed N] [--kernel] [--json]
 *
 * --count   ends after so many accepted programs (default 10,000)
 * --seed    first seed; each program has its own, and follows from it alone (default: the clock)
 * --kernel  also asks the Linux kernel, as root: accepted here and rejected there is a finding, unless for want of
 *           knowledge that Linux has not; this and the other way round is counted by message
 * --jit N   of so many accepted programs one runs in the JIT, too (default 64; 0: none)
 * --json    one line a finding, one for the end
 *
 * Each accepted program runs in the interpreter's checking mode, which holds every fact of its proof against registers
 * and memory, over random packets and maps. What is found is shrunk and printed as assembly. The exit code is 1 when
 * there was anything.
 */
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { type Counted, type Found, hunt, type Progress } from '../test/soundness/hunt.ts';
import { listing } from '../test/soundness/subject.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    kernel: { type: 'boolean', default: false },
    jit: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
});

const again = (seed: number): string =>
  `npm run soundness -- --seed ${seed} --count 1${values.kernel ? ' --kernel' : ''}`;

const line = (value: object): void => console.log(JSON.stringify(value));

function show({ subject: { seed, origin }, finding, small }: Found): void {
  console.log(`\n\n${finding.kind}: ${finding.message}`);
  if (origin !== '') console.log(`a mutation of ${origin}`);
  console.log(listing(small));
  console.log(`again: ${again(seed)}`);
}

const sorted = (table: ReadonlyMap<string, Counted>) => [...table].sort((a, b) => b[1].count - a[1].count);

function table(title: string, rows: ReadonlyMap<string, Counted>): void {
  if (rows.size === 0) return;
  console.log(title);
  for (const [key, { count, seed }] of sorted(rows))
    console.log(`${String(count).padStart(7)}  ${key}  (seed ${seed})`);
}

function report(progress: Progress, seconds: number): void {
  const { programs, accepted, runs, inJit, verifying, slowest, findings, tooStrict, beyond } = progress;
  const share = ((100 * accepted) / programs).toFixed(1);
  const rate = Math.round((1000 * programs) / verifying);
  console.log(
    `\n${programs} programs, ${accepted} accepted (${share} %), ${runs} runs, ${inJit} programs in the JIT too`,
  );
  console.log(`${seconds.toFixed(1)} s; ${rate} programs a second through the verifier alone`);
  console.log(
    `slowest: seed ${slowest.seed}, ${slowest.ms} ms, ${slowest.insnsProcessed} instructions walked`,
  );
  table('findings:', findings);
  table('accepted by the kernel alone:', tooStrict);
  table('rejected by the kernel, which knows less:', beyond);
}

const count = Number(values.count);
const seed = Number(values.seed);
const bar = new SingleBar({
  format: '{bar} {value} of {total} accepted, {programs} programs, {findings} findings, {duration_formatted}',
  noTTYOutput: !values.json,
  notTTYSchedule: 10_000,
});
if (!values.json) console.log(`seed ${seed}`);
bar.start(count, 0, { programs: 0, findings: 0 });
const start = performance.now();
const progress = await hunt({
  seed,
  count,
  kernel: values.kernel,
  jitEvery: Number(values.jit),
  onFinding: values.json
    ? ({ subject: { seed, origin }, finding, small }) =>
        line({ seed, origin, ...finding, program: listing(small) })
    : show,
  onProgress: ({ accepted, programs, findings }) =>
    bar.update(accepted, { programs, findings: findings.size }),
});
bar.stop();
const seconds = (performance.now() - start) / 1000;
if (values.json) {
  const tables = {
    findings: Object.fromEntries(progress.findings),
    tooStrict: Object.fromEntries(progress.tooStrict),
    beyond: Object.fromEntries(progress.beyond),
  };
  line({ ...progress, seconds, ...tables });
} else report(progress, seconds);
process.exitCode = progress.findings.size > 0 ? 1 : 0;

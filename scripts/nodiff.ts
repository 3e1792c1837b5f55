/**
 * Holds the interpreter and the JIT against each other over random programs.
 *
 *   npm run nodiff -- [--insns 10M] [--seed N] [--kernel]
 *
 * --insns   ends after so many executed instructions (k, M, G; default 10M)
 * --seed    first seed; each program has its own, and follows from it alone (default: the clock)
 * --kernel  programs of a kind that the Linux kernel accepts go through BPF_PROG_TEST_RUN, too
 *
 * A divergence is shrunk, saved under test/nodiff/regressions and replayed by the tests from then on. The exit code
 * is 1 when there was any.
 */
import { SingleBar } from 'cli-progress';
import { huntInKernel } from '../test/kernel/hunt.ts';
import { type Hunted, hunt } from '../test/nodiff/hunt.ts';

const UNITS: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };

function count(text: string): bigint {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  if (match === null) throw new Error(`--insns is a number with k, M or G, not ${text}`);
  return BigInt(Math.round(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)));
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function report({ programs, refused, traps, executed, divergences }: Hunted): void {
  console.log(
    `${executed} instructions in ${programs} programs (${refused} refused, ${traps} runs trapped), ` +
      `${divergences.length} divergences`,
  );
  for (const { seed, differences, path } of divergences) {
    console.log(`seed ${seed}: ${path}`);
    for (const line of differences) console.log(`  ${line} (interpreter, JIT)`);
    console.log(`  again: npm run nodiff -- --seed ${seed} --insns 1`);
  }
}

const insns = count(option('--insns') ?? '10M');
const seed = Number(option('--seed') ?? Date.now() % 1_000_000_000);
const inKernel = process.argv.includes('--kernel');
const bar = new SingleBar({
  format: '{bar} {value} of {total} instructions, {programs} programs, {duration_formatted}',
  noTTYOutput: true,
  notTTYSchedule: 10_000,
});
console.log(`seed ${seed}`);
bar.start(Number(insns), 0, { programs: 0 });
const hunted = await (inKernel ? huntInKernel : hunt)({
  seed,
  insns,
  onProgress: ({ executed, programs }) => bar.update(Number(executed), { programs }),
});
bar.stop();
report(hunted);
process.exitCode = hunted.divergences.length > 0 ? 1 : 0;

/** What is printed of the outcomes. */
import { basename } from 'node:path';
import Table from 'cli-table3';
import { agrees, broken, compared, type Outcome, otherCode, unsafe, type Word } from './outcome.ts';
import type { Row } from './row.ts';

const LARGEST = 30;
const WORDS: readonly Word[] = ['accept', 'reject', 'unsupported', 'refused', 'absent', 'crash', 'hung'];
const KERNEL: readonly Row['verdict'][] = ['accept', 'reject', 'noattempt'];

type Cells = readonly (string | number)[];

/** A table without colours; the columns after the first `left` ones are numbers. */
function print(head: readonly string[], rows: readonly Cells[], left = 1): void {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column < left ? 'left' : 'right')),
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of rows) table.push([...row]);
  console.log(`${table.toString()}\n`);
}

const heading = (text: string): void => console.log(`${text}\n`);
const nameOf = ({ row }: Outcome): string => `${row.object} ${row.section} ${row.prog}`;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const geomean = (values: readonly number[]): number =>
  Math.exp(sum(values.map((value) => Math.log(value))) / values.length);

function grouped<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

function agreement(outcomes: readonly Outcome[]): void {
  const words = WORDS.filter((word) => outcomes.some(({ ours }) => ours.word === word));
  const rows = KERNEL.map((verdict) => [
    verdict,
    ...words.map((word) => outcomes.filter((o) => o.row.verdict === verdict && o.ours.word === word).length),
  ]);
  print(['kernel \\ ours', ...words], rows);
  const judged = outcomes.filter(compared);
  heading(`${judged.filter(agrees).length} of ${judged.length} programs with both verdicts agree`);
}

/** `reject at 4: R1 …`, or `accept`. */
const said = (word: string, reason: string, insn: number | undefined): string =>
  reason === '' ? word : `${word}${insn === undefined || insn < 0 ? '' : ` at insn ${insn}`}: ${reason}`;

function printPair(outcome: Outcome): void {
  const { row, ours } = outcome;
  console.log(`${nameOf(outcome)} (${row.type}, ${ours.ms.toFixed(0)} ms)`);
  console.log(`  kernel  ${said(row.verdict, row.reason, row.fail_insn)}`);
  console.log(`  ours    ${said(ours.word, ours.reason, ours.insn)}`);
}

function printPairs(title: string, outcomes: readonly Outcome[]): void {
  if (outcomes.length === 0) return;
  heading(`${title}: ${outcomes.length}`);
  for (const outcome of outcomes) printPair(outcome);
  console.log();
}

/** Names without what numbers and quoted names tell apart, so that one need is one line. */
const need = ({ ours }: Outcome): string => ours.reason.replace(/ at insn \d+.*/, '');

function unsupported(outcomes: readonly Outcome[]): void {
  const own = outcomes.filter(({ row, ours }) => ours.word === 'unsupported' && row.verdict !== 'noattempt');
  if (own.length === 0) return;
  heading(`unsupported: ${own.length}`);
  for (const [reason, group] of grouped(own, need)) {
    console.log(`${group.length} × ${reason}`);
    for (const each of group) console.log(`    insn ${each.ours.insn ?? '?'} of ${nameOf(each)}`);
  }
  console.log();
}

/** Programs our loader refuses though the kernel's loader did not, and those we do not find. */
function unopened(outcomes: readonly Outcome[]): void {
  const own = outcomes.filter(
    ({ row, ours }) => row.verdict !== 'noattempt' && (ours.word === 'refused' || ours.word === 'absent'),
  );
  if (own.length === 0) return;
  heading(`without a program to verify: ${own.length}`);
  for (const each of own)
    console.log(`${each.ours.word} ${nameOf(each)} (kernel: ${each.row.verdict})\n  ${each.ours.reason}`);
  console.log();
}

function unattempted(outcomes: readonly Outcome[]): void {
  const own = outcomes.filter(({ row }) => row.verdict === 'noattempt');
  if (own.length === 0) return;
  heading(`no verdict of the kernel: ${own.length}`);
  for (const [why, group] of grouped(own, ({ row, ours }) => `${row.class}; ours: ${ours.word}`)) {
    console.log(`${group.length} × ${why}`);
    if (why.startsWith('big-endian')) continue;
    for (const each of group) {
      console.log(`    ${nameOf(each)}\n      kernel  ${each.row.reason}`);
      if (each.ours.reason !== '') console.log(`      ours    ${each.ours.reason}`);
    }
  }
  console.log();
}

/** Of programs that both reject: whether they say the same, of the same instruction. */
function reasons(outcomes: readonly Outcome[]): void {
  const both = outcomes.filter(({ row, ours }) => row.verdict === 'reject' && ours.word === 'reject');
  if (both.length === 0) return;
  const sameReason = ({ row, ours }: Outcome): boolean => row.reason === ours.reason;
  const located = both.filter(({ row }) => (row.fail_insn ?? -1) >= 0);
  const sameInsn = ({ row, ours }: Outcome): boolean => row.fail_insn === ours.insn;
  heading(
    `both reject: the reason agrees in ${both.filter(sameReason).length} of ${both.length}, ` +
      `the instruction in ${located.filter(sameInsn).length} of ${located.length}`,
  );
  printPairs(
    'rejected for another reason, or elsewhere',
    both.filter((each) => !sameReason(each) || (located.includes(each) && !sameInsn(each))),
  );
}

const kernelInsns = ({ row }: Outcome): number => row.insns_processed ?? 0;
const ratio = (outcome: Outcome): number => outcome.ours.insnsProcessed / kernelInsns(outcome);

function largest(walked: readonly Outcome[]): void {
  const rows = [...walked]
    .sort((a, b) => kernelInsns(b) - kernelInsns(a))
    .slice(0, LARGEST)
    .map((outcome) => {
      const { row, ours } = outcome;
      return [
        basename(row.object),
        row.prog,
        ours.insns,
        kernelInsns(outcome),
        ours.insnsProcessed,
        ratio(outcome).toFixed(3),
        row.total_states ?? 0,
        ours.totalStates,
        ours.ms.toFixed(0),
        (ours.memory / 2 ** 20).toFixed(1),
      ];
    });
  const head = [
    'object',
    'program',
    'insns',
    'kernel',
    'ours',
    'ratio',
    'states kernel',
    'ours',
    'ms',
    'MiB',
  ];
  print(head, rows, 2);
}

/** Instructions walked, of programs on which both agree. */
function processed(outcomes: readonly Outcome[]): void {
  const walked = outcomes.filter(
    (each) => compared(each) && agrees(each) && kernelInsns(each) > 0 && each.ours.insnsProcessed > 0,
  );
  if (walked.length === 0) return;
  const ratios = walked.map(ratio).sort((a, b) => a - b);
  const same = walked.filter((each) => kernelInsns(each) === each.ours.insnsProcessed).length;
  heading(
    `instructions processed, ours to the kernel's: ${sum(walked.map(({ ours }) => ours.insnsProcessed))} to ` +
      `${sum(walked.map(kernelInsns))}; equal in ${same} of ${walked.length}; geomean ${geomean(ratios).toFixed(3)}, ` +
      `least ${ratios[0]?.toFixed(3)}, most ${ratios.at(-1)?.toFixed(3)}`,
  );
  largest(walked);
}

function time(outcomes: readonly Outcome[]): void {
  const ms = sum(outcomes.map(({ ours }) => ours.ms));
  const insns = sum(outcomes.map(({ ours }) => ours.insnsProcessed));
  const kernelMs = sum(outcomes.map(({ row }) => row.kernel_load_us ?? 0)) / 1000;
  const memory = Math.max(0, ...outcomes.map(({ ours }) => ours.memory));
  heading(
    `${(ms / 1000).toFixed(2)} s in the verifier, ${insns} instructions, ${((ms * 1e6) / Math.max(1, insns)).toFixed(0)} ns each, ` +
      `at most ${(memory / 2 ** 20).toFixed(1)} MiB (the kernel's loads where the verdicts were made: ${(kernelMs / 1000).toFixed(2)} s)`,
  );
  const slowest = [...outcomes].sort((a, b) => b.ours.ms - a.ours.ms).slice(0, 5);
  for (const each of slowest) console.log(`${each.ours.ms.toFixed(0).padStart(8)} ms  ${nameOf(each)}`);
}

export function report(outcomes: readonly Outcome[]): void {
  console.log();
  agreement(outcomes);
  printPairs('ACCEPTED, REJECTED BY THE KERNEL', outcomes.filter(unsafe));
  printPairs('WITHOUT AN ANSWER', outcomes.filter(broken));
  printPairs(
    'rejected, accepted by the kernel',
    outcomes.filter(({ row, ours }) => row.verdict === 'accept' && ours.word === 'reject'),
  );
  printPairs('of other lengths than the kernel was given', outcomes.filter(otherCode));
  reasons(outcomes);
  unsupported(outcomes);
  unopened(outcomes);
  unattempted(outcomes);
  processed(outcomes);
  time(outcomes);
}

import Table from 'cli-table3';
import { geomean } from '../stats.ts';
import { comparable, type Row } from './row.ts';

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const HEAD = [
  'object',
  'program',
  'insns',
  'processed kernel',
  'ours',
  'load ms kernel',
  'verify ms kernel',
  'ours',
  'first',
  'ours/load',
  'ours/verify',
  'MiB',
];

function kernelCells(row: Row): { processed: string; times: string[]; ratios: string[] } {
  const { kernel } = row;
  if (kernel === undefined) return { processed: '', times: ['', ''], ratios: ['', ''] };
  if (kernel.verdict === 'not tried') return { processed: kernel.why, times: ['', ''], ratios: ['', ''] };
  const { loadMs, verifyMs } = kernel;
  return {
    processed: `${kernel.processed}${kernel.linked ? ' *' : ''}`,
    times: [digits(loadMs), digits(verifyMs)],
    ratios: comparable(row) ? [digits(row.ms / loadMs), digits(row.ms / verifyMs)] : [kernel.verdict, ''],
  };
}

function cells(row: Row): string[] {
  const { processed, times, ratios } = kernelCells(row);
  const ours = row.verdict === 'accept' ? `${row.processed}` : `${row.processed} (${row.verdict})`;
  return [
    row.object,
    row.program,
    `${row.insns}`,
    processed,
    ours,
    ...times,
    digits(row.ms),
    digits(row.firstMs),
    ...ratios,
    mebibytes(row.memory),
  ];
}

export function table(rows: readonly Row[]): string {
  const out = new Table({
    head: HEAD,
    colAligns: HEAD.map((_, column) => (column < 2 ? 'left' : 'right')),
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of rows) out.push(cells(row));
  return out.toString();
}

/** Totals of the programs that both walked with the same verdict. */
function against(rows: readonly Row[]): string[] {
  const both = rows.filter(comparable);
  if (both.length === 0) return [];
  const load = sum(both.map(({ kernel }) => kernel.loadMs));
  const verify = sum(both.map(({ kernel }) => kernel.verifyMs));
  const ours = sum(both.map(({ ms }) => ms));
  const overLoad = geomean(both.map(({ ms, kernel }) => ms / kernel.loadMs));
  const overVerify = geomean(both.map(({ ms, kernel }) => ms / kernel.verifyMs));
  const walked = geomean(both.map(({ processed, kernel }) => processed / kernel.processed));
  return [
    `both walked, with one verdict: ${both.length} of ${rows.length}`,
    `kernel: load ${digits(load)} ms, of which verification ${digits(verify)} ms, ` +
      `${sum(both.map(({ kernel }) => kernel.processed))} instructions`,
    `ours: ${digits(ours)} ms, ${sum(both.map(({ processed }) => processed))} instructions; ` +
      `ours/load ${digits(ours / load)} (geomean ${digits(overLoad)}), ` +
      `ours/verification ${digits(ours / verify)} (geomean ${digits(overVerify)})`,
    `instructions, ours to the kernel's: geomean ${walked.toFixed(3)}`,
  ];
}

/** @param peakBytes the most memory the whole process had */
export function summary(rows: readonly Row[], peakBytes: number): string {
  const first = sum(rows.map(({ firstMs }) => firstMs));
  const ns = (sum(rows.map(({ ms }) => ms)) * 1e6) / sum(rows.map(({ processed }) => processed));
  const linked = rows.some(({ kernel }) => kernel?.linked);
  return [
    ...against(rows),
    `ours, all ${rows.length}: ${digits(sum(rows.map(({ ms }) => ms)))} ms (${ns.toFixed(0)} ns an instruction); ` +
      `first runs ${digits(first)} ms`,
    `memory: at most ${mebibytes(Math.max(...rows.map(({ memory }) => memory)))} MiB of the verifier's, ` +
      `${mebibytes(peakBytes)} MiB of the process`,
    ...(linked ? ['* given to the kernel as webpf linked it: libbpf cannot open the object'] : []),
  ].join('\n');
}

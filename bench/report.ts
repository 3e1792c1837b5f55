import Table from 'cli-table3';
import type { Row, Variant } from './row.ts';

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

const ns = (row: Row, variant: Variant): number => row.timings[variant].nsPerRun;

const head = [
  'program',
  'insns',
  'interp ns',
  'ns/insn',
  'JIT ns',
  'interp/JIT',
  'interp trusted ns',
  'JIT trusted ns',
  'interp/JIT trusted',
];

const cells = (row: Row): string[] => [
  row.name,
  row.insns?.toString() ?? '',
  digits(ns(row, 'interp')),
  row.insns ? digits(ns(row, 'interp trusted') / row.insns) : '',
  digits(ns(row, 'jit')),
  digits(ns(row, 'interp') / ns(row, 'jit')),
  digits(ns(row, 'interp trusted')),
  digits(ns(row, 'jit trusted')),
  digits(ns(row, 'interp trusted') / ns(row, 'jit trusted')),
];

export const geomean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** The ratios of all rows in one line. */
export const summary = (rows: readonly Row[]): string => {
  const ratio = (above: Variant, below: Variant) =>
    digits(geomean(rows.map((row) => ns(row, above) / ns(row, below))));
  return [
    `geomean interp/JIT ${ratio('interp', 'jit')}`,
    `trusted ${ratio('interp trusted', 'jit trusted')}`,
    `sandbox/trusted: interp ${ratio('interp', 'interp trusted')}, JIT ${ratio('jit', 'jit trusted')}`,
  ].join(' · ');
};

export function table(rows: readonly Row[]): string {
  const out = new Table({
    head,
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    style: { head: [] },
  });
  for (const row of rows) out.push(cells(row));
  return out.toString();
}

export const markdown = (rows: readonly Row[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows.map(cells)]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

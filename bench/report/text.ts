/** Sections as tables for a terminal, or as Markdown. */
import Table from 'cli-table3';
import type { Cell, Section } from '../section.ts';

/** Three digits that count. */
const digits = (value: number): string => {
  if (!Number.isFinite(value)) return '';
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
};

export function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return digits(cell);
  return `${digits(cell.median)} ±${cell.spreadPercent.toFixed(0)}%`;
}

/** A table without rules between its rows, its title above, its notes below. */
export function sectionText({ title, columns, rows, notes }: Section): string {
  const table = new Table({
    head: [...columns],
    colAligns: columns.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(row.map(cellText));
  return [title, table.toString(), ...notes.map((note) => `  ${note}`), ''].join('\n');
}

export function sectionMarkdown({ title, columns, rows, notes }: Section): string {
  const lines = [
    columns,
    columns.map((_, i) => (i === 0 ? '---' : '--:')),
    ...rows.map((row) => row.map(cellText)),
  ];
  return [title, '', ...lines.map((line) => `| ${line.join(' | ')} |`), '', ...notes, ''].join('\n');
}

/** Results as data: what `--json` writes and the chart is drawn from. */
import { cpus } from 'node:os';
import type { Cell, Section } from '../section.ts';

type Value = Exclude<Cell, undefined>;

export interface JsonSection {
  readonly part: string;
  readonly title: string;
  /** Each row by column; what was not measured is missing. Timings have `median`, `fastest`, `spreadPercent`, `samples`. */
  readonly rows: readonly Readonly<Record<string, Value>>[];
  readonly notes: readonly string[];
}

export interface Results {
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly sections: readonly JsonSection[];
}

const jsonSection = ({ part, title, columns, rows, notes }: Section): JsonSection => ({
  part,
  title,
  rows: rows.map((row) =>
    Object.fromEntries(
      columns.flatMap((column, i): [string, Value][] => {
        const cell = row[i];
        return cell === undefined || Number.isNaN(cell) ? [] : [[column, cell]];
      }),
    ),
  ),
  notes,
});

export const resultsOf = (sections: readonly Section[]): Results => ({
  node: process.version,
  v8: process.versions.v8,
  platform: process.platform,
  arch: process.arch,
  cpu: cpus()[0]?.model ?? 'unknown',
  cpus: cpus().length,
  sections: sections.map(jsonSection),
});

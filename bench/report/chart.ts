/** The chart of the README: each program's time in several engines, beside the kernel's JIT, as SVG. */
import { EMPTY } from '../programs.ts';
import type { JsonSection, Results } from './json.ts';

interface Mark {
  readonly column: string;
  readonly label: string;
  readonly css: string;
}

/** Drawn in this order: what matters most on top. */
const MARKS: readonly Mark[] = [
  { column: 'clang wasm', label: "clang's WebAssembly", css: 'wasm' },
  { column: 'native', label: 'native (clang -O2)', css: 'native' },
  { column: 'JIT', label: 'webpf', css: 'jit' },
];
const REFERENCES = ['kernel JIT', 'native'];
const LEFT = 110;
const WIDTH = 720;
const RIGHT = 20;
const TOP = 70;
const ROW = 18;
const FOOT = 46;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #444c56 }
  .title { font-weight: 600; font-size: 14px }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .grid { stroke: #8b949e; stroke-opacity: .35 }
  .one { stroke: #8b949e; stroke-width: 1.5 }
  .stem { stroke: #1f7a4d; stroke-width: 2; stroke-opacity: .55 }
  .stem.slower { stroke: #c4432b }
  .jit { fill: #1f7a4d; stroke: none }
  .native, .wasm { fill: none; stroke: #6e7781; stroke-width: 1.5 }
  .wasm { stroke: #9a6700 }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9d1d9 }
    .stem, .jit { stroke: #3fb97f } .jit { fill: #3fb97f; stroke: none }
    .stem.slower { stroke: #ff7b61 }
    .native { stroke: #adbac7 } .wasm { stroke: #d4a72c }
  }`;

export interface Point {
  readonly mark: Mark;
  /** Time in relation to the reference's. */
  readonly ratio: number;
}

export interface ChartRow {
  readonly name: string;
  readonly points: readonly Point[];
}

type Row = JsonSection['rows'][number];

function medianOf(row: Row, column: string): number | undefined {
  const cell = row[column];
  return typeof cell === 'object' ? cell.median : undefined;
}

function rowOf(row: Row, reference: string): ChartRow {
  const base = medianOf(row, reference);
  const points = MARKS.filter(({ column }) => column !== reference).flatMap((mark): Point[] => {
    const median = medianOf(row, mark.column);
    return base === undefined || median === undefined ? [] : [{ mark, ratio: median / base }];
  });
  const { program } = row;
  return { name: String(program), points };
}

/** What is drawn, the empty program not among it; undefined where nothing was measured that webpf could be compared with. */
export function chartRows({ sections }: Results): { reference: string; rows: ChartRow[] } | undefined {
  const rows = sections.filter(({ part }) => part === 'programs').flatMap((section) => section.rows);
  const programs = rows.filter(({ program }) => program !== undefined && program !== EMPTY);
  const reference = REFERENCES.find((column) => programs.some((row) => medianOf(row, column) !== undefined));
  if (reference === undefined) return undefined;
  const drawn = programs.map((row) => rowOf(row, reference)).filter(({ points }) => points.length > 0);
  return { reference, rows: drawn };
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);

const place = (value: number): string => String(Math.round(value * 10) / 10);

/** Powers of two around all ratios, 1 among them. */
export function ticksOf(ratios: readonly number[]): number[] {
  const logs = ratios.map(Math.log2);
  const from = Math.floor(Math.min(0, ...logs));
  const to = Math.ceil(Math.max(1, ...logs));
  return Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i));
}

function shape({ css }: Mark, x: number, y: number): string {
  if (css === 'wasm')
    return `<rect class="${css}" x="${place(x - 3.5)}" y="${place(y - 3.5)}" width="7" height="7"/>`;
  return `<circle class="${css}" cx="${place(x)}" cy="${place(y)}" r="${css === 'jit' ? 5 : 4}"/>`;
}

function legend(reference: string): string {
  const shown = MARKS.filter(({ column }) => column !== reference);
  const width = 170;
  return shown
    .map((mark, i) => {
      const x = LEFT + i * width;
      return `${shape(mark, x, 44)}<text x="${x + 10}" y="48">${escaped(mark.label)}</text>`;
    })
    .join('');
}

/** Undefined where there is nothing to compare webpf with. */
export function chart(results: Results): string | undefined {
  const data = chartRows(results);
  if (data === undefined || data.rows.length === 0) return undefined;
  const { reference, rows } = data;
  const ticks = ticksOf(rows.flatMap(({ points }) => points.map(({ ratio }) => ratio)));
  const [low = 1, high = 2] = [ticks[0], ticks.at(-1)];
  const scale = (WIDTH - LEFT - RIGHT) / Math.log2(high / low);
  const x = (ratio: number): number => LEFT + Math.log2(ratio / low) * scale;
  const bottom = TOP + rows.length * ROW;
  const grid = ticks.map(
    (tick) =>
      `<line class="${tick === 1 ? 'one' : 'grid'}" x1="${place(x(tick))}" x2="${place(x(tick))}" y1="${TOP - 6}" y2="${bottom}"/>` +
      `<text class="middle" x="${place(x(tick))}" y="${bottom + 16}">${tick < 1 ? `1/${1 / tick}` : tick}</text>`,
  );
  const lines = rows.map(({ name, points }, i) => {
    const y = TOP + i * ROW + ROW / 2;
    const jit = points.find(({ mark }) => mark.css === 'jit');
    const stem = jit
      ? `<line class="stem${jit.ratio > 1 ? ' slower' : ''}" x1="${place(x(1))}" x2="${place(x(jit.ratio))}" y1="${y}" y2="${y}"/>`
      : '';
    const shapes = points.map(({ mark, ratio }) => shape(mark, x(ratio), y)).join('');
    return `<text class="end" x="${LEFT - 12}" y="${y + 4}">${escaped(name)}</text>${stem}${shapes}`;
  });
  const title = `Time of a run in relation to ${reference === 'kernel JIT' ? "the Linux kernel's JIT" : reference}: left is faster`;
  const height = bottom + FOOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="12" y="22">${escaped(title)}</text>`,
    legend(reference),
    ...grid,
    ...lines,
    `<text class="end" x="${WIDTH - RIGHT}" y="${bottom + 38}">Node ${escaped(results.node)} · ${escaped(results.cpu)}</text>`,
    '</svg>\n',
  ].join('\n');
}

/** How often the instructions of programs were executed, on their source. */
import { disassembleLines, type ProfileEntry, type Program } from '../../index.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { grouped, styled } from '../text.ts';

/** The instructions of one source line in one function. */
interface LineCounts {
  readonly file: string;
  readonly line: number;
  readonly entries: ProfileEntry[];
  /** Instructions executed. */
  total: number;
}

/** The lines that have done this share of the work, the hottest first, are marked. */
const HOT_SHARE = 0.5;
const HOT = '*';
const COUNT_WIDTH = 13;
const SOURCE_INDENT = COUNT_WIDTH + 11;

const sum = (entries: readonly ProfileEntry[]): number =>
  entries.reduce((total, { count }) => total + count, 0);

function groupBy<K, V>(values: readonly V[], keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

/** By line in the order of the source, files in the order in which the function comes to them. */
function linesOf(entries: readonly ProfileEntry[]): LineCounts[] {
  const files = [...groupBy(entries, ({ file }) => file ?? '')];
  return files.flatMap(([file, inFile]) =>
    [...groupBy(inFile, ({ line }) => line ?? 0)]
      .sort(([a], [b]) => a - b)
      .map(([line, own]) => ({ file, line, entries: own, total: sum(own) })),
  );
}

function hottest(lines: readonly LineCounts[], total: number): ReadonlySet<LineCounts> {
  const hot = new Set<LineCounts>();
  let left = total * HOT_SHARE;
  for (const line of [...lines].sort((a, b) => b.total - a.total)) {
    if (left <= 0 || line.total === 0) break;
    hot.add(line);
    left -= line.total;
  }
  return hot;
}

const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`.padStart(7);

class Printer {
  readonly #io: Io;
  readonly #program: Program;
  readonly #total: number;
  readonly #texts: ReadonlyMap<number, string>;
  readonly #source: ReadonlyMap<string, string>;
  /** Of the lines printed last. */
  #file = '';

  constructor(io: Io, program: Program, total: number) {
    this.#io = io;
    this.#program = program;
    this.#total = total;
    const { code, kfuncs, lines } = program;
    this.#texts = new Map(
      disassembleLines(code, { kfuncs, tolerant: true }).map((one) => [one.insn, one.text]),
    );
    this.#source = new Map(lines.map(({ file, line, text }) => [`${file}:${line}`, text.trim()]));
  }

  print(entries: readonly ProfileEntry[]): void {
    const functions = [...groupBy(entries, (entry) => entry.function)].map(
      ([name, own]) => [name, linesOf(own)] as const,
    );
    const hot = hottest(
      functions.flatMap(([, lines]) => lines),
      this.#total,
    );
    const head = `${this.#program.name}: ${grouped(this.#total)} instructions executed`;
    const note = hot.size > 0 && this.#source.size > 0 ? ` (${HOT}: the lines with half of them)` : '';
    this.#write(`\n${styled(this.#io, this.#io.stdout, 'bold', head)}${note}`);
    for (const [name, lines] of functions) {
      this.#write(`${name}:`);
      this.#file = '';
      for (const line of lines) this.#line(line, hot.has(line));
    }
  }

  #line({ file, line, entries, total }: LineCounts, isHot: boolean): void {
    if (file !== this.#file) this.#write(`${' '.repeat(SOURCE_INDENT)}${file}`);
    this.#file = file;
    if (file !== '') {
      const text = this.#source.get(`${file}:${line}`);
      const count = `${isHot ? HOT : ' '}${grouped(total).padStart(COUNT_WIDTH)}`;
      const row = `${count} ${percent(total, this.#total)}  ${line}${text ? `: ${text}` : ''}`;
      this.#write(isHot ? styled(this.#io, this.#io.stdout, 'yellow', row) : row);
    }
    for (const { insn, count } of entries) {
      const row = `${grouped(count).padStart(COUNT_WIDTH + 1)}${`${insn}`.padStart(16)}: ${this.#texts.get(insn)}`;
      this.#write(styled(this.#io, this.#io.stdout, 'dim', row));
    }
  }

  #write(line: string): void {
    this.#io.stdout.write(`${line}\n`);
  }
}

/** Entries by program; of programs that have not run (no tail call has reached them), none. */
const executed = (entries: readonly ProfileEntry[]): [string, ProfileEntry[]][] =>
  [...groupBy(entries, ({ program }) => program)].filter(([, own]) => sum(own) > 0);

/** Prints the profile of programs of a file; in JSON, a line for each instruction. */
export function printProfile(
  io: Io,
  programs: readonly Program[],
  entries: readonly ProfileEntry[],
  json: boolean,
): void {
  for (const [name, own] of executed(entries)) {
    const program = programs.find((one) => one.name === name);
    if (json) for (const entry of own) printJson(io.stdout, jsonOf(entry));
    else if (program) new Printer(io, program, sum(own)).print(own);
  }
}

const jsonOf = ({ program, function: name, insn, line, file, count }: ProfileEntry): object => {
  return { program, function: name, insn, line: line ?? null, file: file ?? null, count };
};

import type { LineInfo, Program } from '../../index.ts';

/** Names of functions by the slots they begin at. */
export const functionNames = ({ subprograms, name }: Program): ReadonlyMap<number, string> =>
  new Map([[0, name], ...subprograms.map((one): [number, string] => [one.start, one.name])]);

/** `; text of the line`, or where it is when the object has no text. */
export const sourceText = ({ file, line, text }: LineInfo): string => `; ${text.trim() || `${file}:${line}`}`;

/** The source lines of a program, each before the first of its instructions. */
export class SourceLines {
  readonly #lines: ReadonlyMap<number, LineInfo>;
  #shown = '';

  constructor(lines: readonly LineInfo[]) {
    this.#lines = new Map(lines.map((line) => [line.insn, line]));
  }

  /** Text of the line that begins at this slot. One line of C may have many entries, for its columns. */
  begunAt(slot: number): string | undefined {
    const line = this.#lines.get(slot);
    const place = line ? `${line.file}:${line.line}` : this.#shown;
    if (!line || place === this.#shown) return undefined;
    this.#shown = place;
    return sourceText(line);
  }
}

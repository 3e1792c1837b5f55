/** What the text of a source line tells: expressions and variables, where they are recognisable. */
import type { SourceLine } from '../../errors.ts';
import type { Program } from '../../frontend/program.ts';

/** `eth->h_proto`, `data[13]`, `flow->sizes[*data]`. */
const MEMBER = /[A-Za-z_]\w*(?:(?:->|\.)[A-Za-z_]\w*|\[[^[\]]*\])+/g;
/** `*setting`, where the star is no product and no declaration. */
const POINTEE = /(?:^|[(=,!&|+<>?:;[{}]|\breturn|\)\s)\s*(\*\s*[A-Za-z_]\w*)/g;

interface Candidate {
  readonly text: string;
  /** Where clang says the access is, in the trimmed line. */
  readonly at: number;
}

/** The name of the last member, or the first name where there is none. */
function locationOf(text: string, start: number): number {
  const members = [...text.matchAll(/(?:->|\.)([A-Za-z_]\w*)/g)];
  const last = members.at(-1);
  if (last === undefined) return start;
  return start + last.index + last[0].length - (last[1] ?? '').length;
}

/** Lines are read up to here: text from an object file may be anything. */
const MAX_TEXT = 400;

function candidatesIn(whole: string): Candidate[] {
  const text = whole.slice(0, MAX_TEXT);
  const members = [...text.matchAll(MEMBER)];
  const pointees = [...text.matchAll(POINTEE)]
    .map(({ 0: whole, 1: found = '', index }) => ({ text: found, at: index + whole.length - found.length }))
    .filter(({ at }) => members.every(({ 0: found, index }) => at < index || at >= index + found.length));
  return [
    ...members.map(({ 0: found, index }) => ({ text: found, at: locationOf(found, index) })),
    ...pointees,
  ];
}

/** The text comes without its indentation: what the column leaves for it must be plausible. */
const isIndentation = (width: number): boolean => width >= 0 && width <= 64;

/** The only expression of memory in a line, or the one at the column; undefined when several may be meant. */
export function expressionIn(source: SourceLine | undefined): string | undefined {
  if (source === undefined) return undefined;
  const candidates = candidatesIn(source.text);
  const texts = new Set(candidates.map(({ text }) => text));
  if (texts.size === 1) return candidates[0]?.text;
  const fitting = candidates.filter(({ at }) => isIndentation(source.column - 1 - at));
  const even = fitting.filter(({ at }) => (source.column - 1 - at) % 2 === 0);
  const left = new Set((even.length > 0 ? even : fitting).map(({ text }) => text));
  return left.size === 1 ? [...left][0] : undefined;
}

/** What stands between brackets, and the expressions in it. */
function* bracketed(text: string): Generator<string> {
  for (const [, inner = ''] of text.matchAll(/\[([^[\]]+)\]/g)) yield inner;
}

/** The same for what was loaded to find another place: the index of `flow->sizes[*data]`, where there is one. */
export function indexIn(source: SourceLine | undefined): string | undefined {
  const indexes = [...bracketed((source?.text ?? '').slice(0, MAX_TEXT))].filter(
    (inner) => !/^\d+$/.test(inner),
  );
  return indexes.length === 1 ? indexes[0] : expressionIn(source);
}

const escaped = (text: string): string => text.replace(/[^\w]/g, '\\$&');

/** The expression of a line that ends with this member. */
export function expressionOf(source: SourceLine | undefined, member: string): string | undefined {
  const name = member.replace(/\[\d+\]$/, '').replace(/^.*\./, '');
  if (source === undefined || name === '') return undefined;
  const text = source.text.slice(0, MAX_TEXT);
  const all = [text, ...bracketed(text)].flatMap(candidatesIn);
  const ending = new RegExp(`(->|\\.)${escaped(name)}(\\[[^\\]]*\\])?$`);
  const found = all.filter(({ text }) => ending.test(text));
  const texts = new Set(found.map(({ text }) => text));
  return texts.size === 1 ? found[0]?.text : undefined;
}

/** Names of C: assembly text speaks of registers, which are no variables. */
const variable = (name: string | undefined): string | undefined =>
  name === undefined || /^[rw]\d+$/i.test(name) ? undefined : name;

/** The pointer in `eth->h_proto`, `data[13]` or `*data`. */
export function pointerIn(expression: string): string | undefined {
  return variable(/^\*?\s*([A-Za-z_]\w*)/.exec(expression)?.[1]);
}

/** The variable that a line assigns: of `struct flow *flow = lookup(…)`, `flow`. */
export function assignedIn(source: SourceLine | undefined): string | undefined {
  return variable(/(?:^|[\s*(])([A-Za-z_]\w*)\s*=(?!=)/.exec((source?.text ?? '').slice(0, MAX_TEXT))?.[1]);
}

/** Arguments of a call, at the commas outside of brackets. */
function splitArguments(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '(' || character === '[' || character === '{') depth += 1;
    if (character === ')' || character === ']' || character === '}') depth -= 1;
    if (depth < 0) return parts.map((part) => part.trim());
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  // The call goes on in the next line: its last argument may be cut.
  return parts.slice(0, -1).map((part) => part.trim());
}

/** What the line passes to a function as argument `number` (from 1). */
export function argumentIn(
  source: SourceLine | undefined,
  callee: string,
  number: number,
): string | undefined {
  const text = (source?.text ?? '').slice(0, MAX_TEXT);
  const at = callee === '' ? -1 : text.indexOf(`${callee}(`);
  if (at < 0) return undefined;
  return splitArguments(text.slice(at + callee.length + 1))[number - 1] || undefined;
}

/** The variable of the program that is given a field of its context: `data` of `void *data = (void *)ctx->data;`. */
export function variableOfField(program: Program, field: string): string | undefined {
  const assignment = new RegExp(`(?:^|[\\s*])([A-Za-z_]\\w*)\\s*=[^=;]*->${field}\\b`);
  for (const { text } of program.lines) {
    const name = assignment.exec(text.slice(0, MAX_TEXT))?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

export const baseName = (file: string): string => file.replace(/^.*[/\\]/, '');

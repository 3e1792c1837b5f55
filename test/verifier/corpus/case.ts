/** A case of the corpus: an entry of a file with what the file says for all of its cases. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, type Entry, parseDocument } from './document.ts';
import { type FunctionSpec, parseFunctions } from './functions.ts';
import { type CorpusMap, parseMaps } from './maps.ts';
import { type Outcome, parseVerdict } from './outcome.ts';
import { type CorpusPlace, parsePlace } from './place.ts';

/** Where our verifier differs from the kernel on purpose. */
export interface Difference {
  readonly verdict: 'accept' | 'reject' | 'unsupported';
  readonly reason: string;
}

export interface Case {
  readonly file: string;
  readonly name: string;
  readonly line: number;
  readonly rules: readonly number[];
  readonly place: CorpusPlace;
  readonly maps: readonly CorpusMap[];
  /** Undefined for no BTF. */
  readonly functions: readonly FunctionSpec[] | undefined;
  readonly definitions: ReadonlyMap<string, readonly string[]>;
  readonly asm: readonly string[];
  /** Bytes in hex instead of assembly; '' when there is assembly. */
  readonly raw: string;
  /** What the kernel was recorded to say; undefined before that. */
  readonly outcome: Outcome | undefined;
  readonly ours: Difference | undefined;
  /** Our wording where it is not the kernel's; '' for none. */
  readonly oursMessage: string;
}

export interface CorpusFile {
  readonly name: string;
  readonly path: string;
  readonly document: Document;
  readonly cases: readonly Case[];
}

const FOLDER = import.meta.dirname;
export const EXTENSION = '.rule';

type Find = (title: string) => readonly string[] | undefined;

const finder =
  ({ sections }: Document, entry: Entry): Find =>
  (title) =>
    [...entry.sections, ...sections].find((section) => section.title === title)?.body;

const isText = (line: string): boolean => line.trim() !== '' && !line.startsWith('#');
const oneLine = (lines: readonly string[] | undefined): string =>
  (lines ?? [])
    .filter(isText)
    .map((line) => line.trim())
    .join(' ');

function definitionsOf({ sections }: Document, entry: Entry): Case['definitions'] {
  const all = [...sections, ...entry.sections].filter(({ title }) => title.startsWith('define '));
  return new Map(
    all.map(({ title, body }) => [title.slice('define '.length), body.filter((line) => line !== '')]),
  );
}

function differenceOf(text: string, where: string): Difference | undefined {
  if (text === '') return undefined;
  const match = /^(accept|reject|unsupported): (.+)$/.exec(text);
  if (match === null) throw new Error(`${where}: '-- ours' is 'accept|reject|unsupported: REASON'`);
  return { verdict: match[1] as Difference['verdict'], reason: match[2] ?? '' };
}

function caseOf(file: string, document: Document, entry: Entry): Case {
  const where = `${file}:${entry.line}`;
  const find = finder(document, entry);
  const functions = find('functions');
  const raw = (find('raw') ?? [])
    .map((line) => line.replace(/#.*/, ''))
    .join('')
    .replace(/\s/g, '');
  const asm = find('asm') ?? [];
  if ((raw === '') === (oneLine(asm) === '')) throw new Error(`${where}: a case has '-- asm' or '-- raw'`);
  return {
    file,
    name: entry.name,
    line: entry.line,
    rules: oneLine(find('rule')).split(/\s+/).map(Number),
    place: parsePlace(oneLine(find('program')) || 'socket_filter', where),
    maps: parseMaps(find('maps') ?? [], where),
    functions: oneLine(functions) === 'none' ? undefined : parseFunctions(functions ?? [], where),
    definitions: definitionsOf(document, entry),
    asm,
    raw,
    outcome: parseVerdict((find('verdict') ?? []).filter(isText), where),
    ours: differenceOf(oneLine(find('ours')), where),
    oursMessage: oneLine(find('ours message')),
  };
}

/** @throws Error that names the file and the line */
export function readFile(path: string): CorpusFile {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const document = parseDocument(name, readFileSync(path, 'utf8'));
  return { name, path, document, cases: document.entries.map((entry) => caseOf(name, document, entry)) };
}

export const corpusPaths = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(EXTENSION))
    .sort()
    .map((name) => join(FOLDER, name));

export const readCorpus = (): readonly CorpusFile[] => corpusPaths().map(readFile);

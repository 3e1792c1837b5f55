/** The command line of the suite. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ObjectRequest } from './parts/object.ts';
import type { BenchKind } from './programs/inputs.mjs';
import { benchPrograms } from './programs.ts';

const KINDS: readonly BenchKind[] = ['compute', 'packet', 'calls', 'maps'];
const OTHER_PARTS = [
  'load',
  'size',
  'call',
  'batch',
  'workers',
  'entries',
  'capture',
  'optimizations',
] as const;

export type OtherPart = (typeof OTHER_PARTS)[number];

export interface Options {
  /** Kinds and names of programs. */
  readonly programs: readonly string[];
  readonly parts: readonly OtherPart[];
  readonly object: ObjectRequest | undefined;
  readonly rounds: number;
  readonly json: string | undefined;
  readonly svg: string | undefined;
  readonly markdown: boolean;
}

const isOtherPart = (word: string): word is OtherPart => OTHER_PARTS.some((part) => part === word);

const isOfPrograms = (word: string): boolean =>
  KINDS.some((kind) => kind === word) || benchPrograms.some(({ name }) => name === word);

/** Hex, or the bytes of a file after `@`. */
function bytesOf(text: string): Uint8Array {
  if (text.startsWith('@')) return readFileSync(text.slice(1));
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new Error('--data takes bytes in hex, or @FILE');
  return Buffer.from(text, 'hex');
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new Error(`--rounds takes a number from 1 to 1000, not ${text}`);
}

/** @throws Error that says what is wrong with the arguments */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      object: { type: 'string' },
      program: { type: 'string' },
      data: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      svg: { type: 'string' },
      markdown: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((word) => !isOtherPart(word) && !isOfPrograms(word));
  if (unknown !== undefined) {
    const known = [...KINDS, ...OTHER_PARTS].join(', ');
    throw new Error(`there is no part or program "${unknown}"; parts are ${known}`);
  }
  const { object, program, data, json, svg, markdown } = values;
  if (object === undefined && (program !== undefined || data !== undefined)) {
    throw new Error('--program and --data belong to --object FILE');
  }
  const all = positionals.length === 0 && object === undefined;
  return {
    programs: all ? KINDS : positionals.filter(isOfPrograms),
    parts: all ? OTHER_PARTS : positionals.filter(isOtherPart),
    object:
      object === undefined
        ? undefined
        : { path: object, program, data: data === undefined ? undefined : bytesOf(data) },
    rounds: positive(values.rounds),
    json,
    svg,
    markdown,
  };
}

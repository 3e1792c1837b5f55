/**
 * The `.data` format of the public bpf_conformance suite (`-- asm`, `-- raw`, `-- mem`, `-- result`, `-- error`),
 * and what our own vectors add to it. One section name stands alone on a line that begins with `--`; a `#`
 * starts a comment anywhere.
 *
 * Ours:
 *   -- trap            one line `KIND at SLOT [value]`, the run ends so instead of with a result
 *   -- memory after    hex of the memory after the run
 *   -- context         memory (default), xdp or skb
 *   -- mode            sandbox (default) or trusted
 *   -- budget          instructions
 *   -- maps            one map a line: NAME TYPE KEY VALUE ENTRIES [FLAGS] [INDEX=PROGRAM …]
 *   -- program NAME    assembly of one more program, for the slots of a prog_array
 *   -- refused         the structural checks or the engine refuse it; the text stands in the message
 *   -- kernel          one line: `rejects TEXT` or `skip REASON`, where Linux is not asked or says otherwise
 */
import type { MapSpec } from '../../src/frontend/program.ts';
import { parseMap } from './maps.ts';

export type ContextKind = 'memory' | 'xdp' | 'skb';

export interface ExpectedTrap {
  readonly kind: string;
  readonly pc: number;
  readonly value: bigint | undefined;
}

export interface KernelNote {
  readonly kind: 'rejects' | 'skip';
  readonly text: string;
}

export interface Vector {
  readonly name: string;
  /** Assembly text, or undefined when the program is given as bytes. */
  readonly asm: string | undefined;
  readonly raw: Uint8Array | undefined;
  readonly memory: Uint8Array;
  /** r0, unsigned 64 bits. */
  readonly result: bigint | undefined;
  readonly trap: ExpectedTrap | undefined;
  readonly memoryAfter: Uint8Array | undefined;
  /** `-- error` of the public suite: the text its own assembler gives. */
  readonly error: string | undefined;
  readonly refused: string | undefined;
  readonly context: ContextKind;
  readonly mode: 'sandbox' | 'trusted';
  readonly budget: bigint | undefined;
  readonly maps: readonly MapSpec[];
  readonly programs: ReadonlyMap<string, string>;
  readonly kernel: KernelNote | undefined;
}

const SECTIONS: ReadonlySet<string> = new Set([
  'asm',
  'budget',
  'c',
  'context',
  'error',
  'kernel',
  'maps',
  'mem',
  'memory after',
  'mode',
  'no register offset',
  'raw',
  'refused',
  'result',
  'trap',
]);

/** Parses one file. Throws an Error that names the file and the line. */
export function parseVector(name: string, text: string): Vector {
  const { sections, programs } = splitSections(name, text);
  const fail = (what: string): never => {
    throw new Error(`${name}: ${what}`);
  };
  const context = (words(sections, 'context') ?? 'memory') as ContextKind;
  if (!['memory', 'xdp', 'skb'].includes(context)) fail(`-- context is memory, xdp or skb, not ${context}`);
  const mode = words(sections, 'mode') ?? 'sandbox';
  if (mode !== 'sandbox' && mode !== 'trusted') return fail(`-- mode is sandbox or trusted, not ${mode}`);
  return {
    name,
    asm: sections.get('asm')?.join('\n'),
    raw: bytesOf(sections, 'raw'),
    memory: bytesOf(sections, 'mem') ?? new Uint8Array(0),
    result: numberOf(sections, 'result'),
    trap: trapOf(name, words(sections, 'trap')),
    memoryAfter: bytesOf(sections, 'memory after'),
    error: words(sections, 'error'),
    refused: words(sections, 'refused'),
    context,
    mode,
    budget: numberOf(sections, 'budget'),
    maps: lines(sections, 'maps').map((line) => parseMap(name, line)),
    programs,
    kernel: kernelNote(name, words(sections, 'kernel')),
  };
}

interface Split {
  readonly sections: Map<string, string[]>;
  readonly programs: Map<string, string>;
}

function splitSections(name: string, text: string): Split {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (!line.startsWith('--')) current?.push(line);
    else current = open(sections, line.slice(2).trim(), `${name}:${index + 1}`);
  }
  const programs = new Map<string, string>();
  for (const [title, body] of sections)
    if (title.startsWith('program ')) programs.set(title.slice(8), body.join('\n'));
  return { sections, programs };
}

function open(sections: Map<string, string[]>, title: string, where: string): string[] {
  if (!SECTIONS.has(title) && !title.startsWith('program '))
    throw new Error(`${where}: unknown section '-- ${title}'; there are ${[...SECTIONS].join(', ')}`);
  const body: string[] = [];
  sections.set(title, body);
  return body;
}

/** Lines of a section without comments and blanks. */
function lines(sections: ReadonlyMap<string, string[]>, title: string): string[] {
  const body = sections.get(title) ?? [];
  return body.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}

function words(sections: ReadonlyMap<string, string[]>, title: string): string | undefined {
  return sections.has(title) ? lines(sections, title).join(' ') : undefined;
}

function numberOf(sections: ReadonlyMap<string, string[]>, title: string): bigint | undefined {
  const text = words(sections, title);
  return text === undefined || text === '' ? undefined : parseU64(text);
}

/** `0x…` or decimal, may be negative; as unsigned 64 bits. */
export function parseU64(text: string): bigint {
  const negative = text.startsWith('-');
  const value = BigInt(negative ? text.slice(1) : text);
  return BigInt.asUintN(64, negative ? -value : value);
}

/** Bytes in pairs of hex digits; `0x` and 16 digits is a 64-bit word in little-endian order. */
function bytesOf(sections: ReadonlyMap<string, string[]>, title: string): Uint8Array | undefined {
  const text = words(sections, title);
  if (text === undefined) return undefined;
  return Uint8Array.from(
    text
      .split(/\s+/)
      .filter((token) => token !== '')
      .flatMap(tokenBytes),
  );
}

function tokenBytes(token: string): number[] {
  if (!token.startsWith('0x')) return [...Buffer.from(token, 'hex')];
  return [...Buffer.from(token.slice(2).padStart(16, '0'), 'hex')].reverse();
}

function trapOf(name: string, text: string | undefined): ExpectedTrap | undefined {
  if (text === undefined) return undefined;
  const match = /^([a-z-]+) at (\d+)(?: (\S+))?$/.exec(text);
  if (match?.[1] === undefined) throw new Error(`${name}: -- trap is 'KIND at SLOT [value]', not '${text}'`);
  const value = match[3] === undefined ? undefined : parseU64(match[3]);
  return { kind: match[1], pc: Number(match[2]), value };
}

function kernelNote(name: string, text: string | undefined): KernelNote | undefined {
  if (text === undefined) return undefined;
  const match = /^(rejects|skip) (.*)$/.exec(text);
  if (match === null) throw new Error(`${name}: -- kernel is 'rejects TEXT' or 'skip REASON', not '${text}'`);
  return { kind: match[1] as KernelNote['kind'], text: match[2] ?? '' };
}

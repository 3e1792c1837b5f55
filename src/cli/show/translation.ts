/** What the JIT makes of a program: source lines, instructions and the WebAssembly of each, side by side. */
import {
  disassembleLines,
  type Program,
  type ProofMode,
  type WasmFunction,
  type WasmInsn,
} from '../../index.ts';
import type { Io } from '../io.ts';
import { printJson } from '../json.ts';
import { grouped, plural, styled } from '../text.ts';
import { functionNames, SourceLines } from './source.ts';

export interface Translation {
  readonly functions: readonly WasmFunction[];
  readonly mode: ProofMode;
  /** Of the module. */
  readonly bytes: number;
}

interface Dialect {
  readonly dialect: 'kernel' | 'llvm';
}

const LEFT = 46;
const LEAST_RIGHT = 40;
const MAX_INDENT = 12;
const SEPARATOR = '; ';

/** WebAssembly in a row that belongs to the same instruction. */
interface Run {
  readonly function: string;
  readonly insns: WasmInsn[];
}

/** The code of each slot in the order of the module; -1: code that belongs to no instruction. */
function bySlot(functions: readonly WasmFunction[]): ReadonlyMap<number, readonly Run[]> {
  const runs = new Map<number, Run[]>();
  for (const { name, insns } of functions) {
    let last: WasmInsn | undefined;
    for (const insn of insns) {
      const slot = insn.insn ?? -1;
      const list = runs.get(slot) ?? [];
      if (last === undefined || insn.insn !== last.insn) list.push({ function: name, insns: [] });
      list.at(-1)?.insns.push(insn);
      runs.set(slot, list);
      last = insn;
    }
  }
  return runs;
}

const hexOffset = (offset: number): string => `0x${offset.toString(16).padStart(4, '0')}`;

/** Statements of WebAssembly in lines of at most `width` characters, each with the offset it begins at. */
function* statements(insns: readonly WasmInsn[], width: number): Generator<string> {
  let line = '';
  let ended = true;
  for (const { offset, text, depth, endsStatement } of insns) {
    if (ended || line.length + SEPARATOR.length + text.length > width) {
      if (line !== '') yield line;
      line = `${hexOffset(offset)}  ${' '.repeat(Math.min(MAX_INDENT, 2 * depth))}${ended ? '' : '  '}${text}`;
    } else {
      line += `${SEPARATOR}${text}`;
    }
    ended = endsStatement;
  }
  if (line !== '') yield line;
}

/** The right column; code that was inlined elsewhere says where it stands. */
function* codeLines(runs: readonly Run[], home: string, width: number): Generator<string> {
  for (const { function: name, insns } of runs) {
    if (name !== home) yield `in ${name}:`;
    yield* statements(insns, width);
  }
}

function* beside(left: string, right: Iterable<string>): Generator<string> {
  let label = left;
  for (const line of right) {
    if (label.length > LEFT - 2) {
      yield label;
      label = '';
    }
    yield `${label.padEnd(LEFT)}${line}`;
    label = '';
  }
  if (label !== '') yield label;
}

function* listing(io: Io, program: Program, translation: Translation, dialect: Dialect): Generator<string> {
  const width = Math.max(LEAST_RIGHT, io.stdout.columns - LEFT);
  const names = functionNames(program);
  const runs = bySlot(translation.functions);
  const sources = new SourceLines(program.lines);
  const none = (name: string): Iterable<string> =>
    codeLines(runs.get(-1)?.filter((run) => run.function === name) ?? [], name, width);
  let home = program.name;
  for (const { insn, text } of disassembleLines(program.code, { ...dialect, kfuncs: program.kfuncs })) {
    const name = names.get(insn);
    if (name !== undefined) {
      home = name;
      yield styled(io, io.stdout, 'bold', `${name}:`);
      yield* beside('', none(name));
    }
    const line = sources.begunAt(insn);
    if (line !== undefined) yield styled(io, io.stdout, 'dim', line);
    yield* beside(`${`${insn}`.padStart(5)}: ${text}`, codeLines(runs.get(insn) ?? [], home, width));
  }
  const own = new Set(names.values());
  for (const { name } of translation.functions.filter((fn) => !own.has(fn.name))) {
    yield `${styled(io, io.stdout, 'bold', `${name}:`)} (webpf's own)`;
    yield* beside('', none(name));
  }
}

/** Prints a translated program for people. */
export function printTranslation(io: Io, program: Program, translation: Translation, dialect: Dialect): void {
  const { mode, bytes } = translation;
  const head = `${program.name} (type ${program.type}, ${plural(program.code.length / 8, 'slot')}, ${mode}: ${grouped(bytes)} bytes of WebAssembly)`;
  io.stdout.write(`${styled(io, io.stdout, 'bold', head)}\n`);
  io.stdout.write([...listing(io, program, translation, dialect)].map((line) => `${line}\n`).join(''));
}

const jsonCode = (runs: readonly Run[]) =>
  runs.flatMap((run) =>
    run.insns.map(({ offset, depth, text }) => ({ function: run.function, offset, depth, text })),
  );

/** The same as JSON: a line for each instruction, and one for the code that belongs to none. */
export function printTranslationLines(
  io: Io,
  program: Program,
  { functions, mode }: Translation,
  { dialect }: Dialect,
): void {
  const runs = bySlot(functions);
  const sources = new Map(program.lines.map((line) => [line.insn, line]));
  const common = { program: program.name, mode };
  const { code, kfuncs } = program;
  let source: object | null = null;
  for (const { insn, bytes, text } of disassembleLines(code, { dialect, kfuncs })) {
    const line = sources.get(insn);
    if (line) source = { file: line.file, line: line.line, text: line.text.trim() };
    printJson(io.stdout, { ...common, insn, bytes, text, source, wasm: jsonCode(runs.get(insn) ?? []) });
  }
  printJson(io.stdout, { ...common, insn: null, wasm: jsonCode(runs.get(-1) ?? []) });
}

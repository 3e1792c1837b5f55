/** Our verdict on the program of a row. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebpfError } from '../../src/errors.ts';
import type { ObjectFile, Program, ProgramType } from '../../src/frontend/program.ts';
import { readObject } from '../../src/runtime/open.ts';
import type { Verification } from '../../src/verifier/verification.ts';
import { type Ours, unwalked } from './outcome.ts';
import type { Row } from './row.ts';
import { verify } from './verify.ts';

export interface Question {
  readonly row: Row;
  /** Where the objects are. */
  readonly directory: string;
  /** Where the walk's log goes; none is kept without it. */
  readonly log: string | undefined;
}

/** What was loaded with a guessed type was loaded with the attach type that goes with it. */
const ATTACH_TYPE: Partial<Record<ProgramType, string>> = { xdp: 'xdp', sock_ops: 'cgroup_sock_ops' };

/** The program as the kernel was given it. */
function asLoaded(program: Program, row: Row): Program {
  const license = row.license ?? program.license;
  if (program.type === row.type) return { ...program, license };
  return { ...program, license, type: row.type, attachType: ATTACH_TYPE[row.type] ?? '' };
}

function writeLog(directory: string, { object, section, prog }: Row, lines: readonly string[]): void {
  const folder = join(directory, object);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${section.replaceAll('/', '_')}__${prog}.log`), `${lines.join('\n')}\n`);
}

const oursOf = (insns: number, ms: number, said: Verification): Ours => ({
  word: said.verdict,
  reason: said.rejection?.reason ?? '',
  insn: said.rejection?.insn,
  insns,
  insnsProcessed: said.insnsProcessed,
  totalStates: said.totalStates,
  peakStates: said.peakStates,
  memory: said.memory,
  ms,
});

const sayCrash = (error: unknown): string =>
  error instanceof WebpfError
    ? `${error.code}: ${error.message}`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);

async function walked(program: Program, { row, log }: Question): Promise<Ours> {
  const insns = program.code.length / 8;
  const start = performance.now();
  try {
    const said = await verify(asLoaded(program, row), { logLevel: log === undefined ? 0 : 2 });
    const ms = performance.now() - start;
    if (log !== undefined) writeLog(log, row, said.log);
    return oursOf(insns, ms, said);
  } catch (error) {
    return unwalked('crash', sayCrash(error), { insns, ms: performance.now() - start });
  }
}

let latest: { readonly path: string; readonly file: Promise<ObjectFile> } | undefined;

/** The rows of an object follow each other: the last one read is kept. */
function opened(path: string): Promise<ObjectFile> {
  if (latest?.path !== path) latest = { path, file: readObject(path) };
  return latest.file;
}

export async function judge(question: Question): Promise<Ours> {
  const { row, directory } = question;
  try {
    const file = await opened(join(directory, row.object));
    const program = file.programs.find(({ name, section }) => name === row.prog && section === row.section);
    if (program !== undefined) return await walked(program, question);
    const refused = file.refused.find((each) => each.program === row.prog && each.section === row.section);
    if (refused !== undefined) return unwalked('refused', refused.error.message);
    const names = [...file.programs.map(({ name }) => name), ...file.refused.map(({ program }) => program)];
    return unwalked('absent', `the object has ${names.join(', ') || 'no programs'}`);
  } catch (error) {
    if (error instanceof WebpfError) return unwalked('refused', error.message);
    return unwalked('crash', `opening: ${sayCrash(error)}`);
  }
}

import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import {
  looksClassic,
  type ObjectFile,
  type Program,
  type ProgramType,
  programFromAssembly,
  programFromBytes,
  programFromClassic,
  readObject,
  WebpfError,
} from '../index.ts';
import { parseHex } from './hex.ts';
import type { Io } from './io.ts';

const READ_CHUNK = 1024 * 1024;

const fileError = (path: string, verb: string, cause: unknown): WebpfError =>
  new WebpfError('file', `cannot ${verb} ${path}: ${reasonOf(cause)}`, {
    stage: 'cli',
    subject: path,
    cause,
  });

/** The reason without the path and call that Node puts into its messages. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/, \w+( '.*')?$/, '');
}

/** No program needs more; a pipe or device that never ends would. */
const MAX_BYTES = 256 * 1024 * 1024;

async function collect(chunks: AsyncIterable<Uint8Array | string>, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MAX_BYTES) {
      const message = `${name} has more than ${MAX_BYTES} bytes: no program, packet or object is so large`;
      throw new WebpfError('file', message, { stage: 'cli', subject: name });
    }
    parts.push(bytes);
  }
  const joined = Buffer.concat(parts);
  return new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
}

export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await collect(createReadStream(path, { highWaterMark: READ_CHUNK }), path);
  } catch (cause) {
    throw cause instanceof WebpfError ? cause : fileError(path, 'read', cause);
  }
}

/** Runs something that writes a file; its failure names the file. */
export async function writing<T>(path: string, write: () => T | Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw cause instanceof WebpfError ? cause : fileError(path, 'write', cause);
  }
}

export const readStdin = (io: Io): Promise<Uint8Array> => collect(io.stdin, 'standard input');

/** A file, or standard input for `-`. */
export const readInput = (path: string, io: Io): Promise<Uint8Array> =>
  path === '-' ? readStdin(io) : readBytes(path);

/** Text for assembly; `-` is standard input. */
export async function readText(path: string, io: Io): Promise<string> {
  return new TextDecoder().decode(await readInput(path, io));
}

/** HEX, or the bytes of a file for @FILE. */
export const readData = async (argument: string): Promise<Uint8Array> =>
  argument.startsWith('@') ? readBytes(argument.slice(1)) : parseHex(argument);

const ELF_MAGIC = 0x464c457f;

const isElf = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === ELF_MAGIC;

const assemblyExtensions: ReadonlySet<string> = new Set(['.s', '.asm', '.bpfasm']);

/** Program names are C identifiers; those made from file names should look like them. */
const programName = (path: string): string =>
  basename(path, extname(path)).replace(/\W+/g, '_').replace(/^_|_$/g, '') || 'main';

/** `type` for all programs of a file, where the caller knows better than the section names. */
const retyped = (file: ObjectFile, type: ProgramType): ObjectFile => ({
  ...file,
  programs: file.programs.map((program) => ({ ...program, type, typeGuessed: false })),
});

/** Messages and source lines name the file, the program its main function. */
function assembled(path: string, name: string, text: string, type: ProgramType | undefined): Program {
  const program = programFromAssembly(text, { name: path, type });
  const subprograms = program.subprograms.map((one) => (one.start === 0 ? { ...one, name } : one));
  return { ...program, name, subprograms };
}

/** What flags say of a program's file. */
export interface ProgramFlags {
  readonly type?: ProgramType | undefined;
  readonly btf?: string | undefined;
}

/** Extensions of classic filters: of packets, and of system calls. */
const classicKinds: ReadonlyMap<string, 'socket' | 'seccomp'> = new Map([
  ['.cbpf', 'socket'],
  ['.seccomp', 'seccomp'],
]);

/** A classic filter: told by its extension, or by being text that looks like one. */
function classicProgram(bytes: Uint8Array, extension: string, name: string): Program | undefined {
  const text = new TextDecoder().decode(bytes);
  const isText = looksClassic(text);
  const kind = classicKinds.get(extension);
  if (kind === undefined && !isText) return undefined;
  return programFromClassic(isText ? text : bytes, { name, kind });
}

/**
 * A program file: an ELF object, what `webpf compile` wrote, assembly text (.s, .asm, .bpfasm), raw bytecode (.bin) or
 * a classic filter (.cbpf, .seccomp, or what `tcpdump -ddd` prints), told by extension and first bytes.
 */
export async function readProgramFile(
  path: string,
  io: Io,
  { type, btf }: ProgramFlags,
): Promise<ObjectFile> {
  const bytes = await readInput(path, io);
  const extension = extname(path).toLowerCase();
  const name = programName(path);
  if (!isElf(bytes) && assemblyExtensions.has(extension)) {
    return readObject(assembled(path, name, new TextDecoder().decode(bytes), type), path);
  }
  if (!isElf(bytes) && extension === '.bin') {
    return readObject(programFromBytes(bytes, { name, type }), path);
  }
  const classic = isElf(bytes) ? undefined : classicProgram(bytes, extension, name);
  const file = await readObject(classic ?? bytes, path, btf === undefined ? {} : { btf });
  return type === undefined ? file : retyped(file, type);
}

/**
 * The programs of a file, or the one of that name.
 * @throws WebpfError 'not-found', or why the loader refused the program of that name
 */
export function pickPrograms(file: ObjectFile, name: string | undefined): readonly Program[] {
  const wanted = file.programs.filter((program) => name === undefined || program.name === name);
  const refused = file.refused.find(({ program }) => name === undefined || program === name);
  if (wanted.length > 0) return wanted;
  if (refused) throw refused.error;
  throw noProgram(file, name);
}

export function noProgram(file: ObjectFile, name: string | undefined): WebpfError {
  const known = file.programs.map((program) => program.name).join(', ') || 'none';
  const what = name === undefined ? 'there are no programs' : `there is no program "${name}"`;
  return new WebpfError('not-found', `${what} in ${file.name}; it has ${known}`, {
    stage: 'cli',
    subject: file.name,
  });
}

import { fileURLToPath } from 'node:url';
import { WebpfError } from '../errors.ts';
import type { TargetTypes } from '../frontend/core/target.ts';
import { withHandlers } from '../frontend/handlers.ts';
import { linkObjects } from '../frontend/linker/link.ts';
import type { ObjectFile, Program } from '../frontend/program.ts';
import { badArgument } from './argument.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { type BtfSource, hostOptions, type LinkOptions, type ReadFile, targetTypes } from './linkOptions.ts';
import { BpfObject, type ObjectOptions } from './object.ts';
import { checkOptions } from './objectOptions.ts';
import { readBytes, refuseLinked } from './read.ts';

/** A path, a file URL, or bytes. */
type FileSource = string | URL | Uint8Array;

/**
 * A path, a file URL, the bytes of an object file or of what `webpf compile` wrote, an object read before, one program,
 * or several object files, which are linked ({@link linkObjects}).
 */
export type Source = FileSource | readonly FileSource[] | ObjectFile | Program;

export type OpenOptions = EngineOptions & ObjectOptions & LinkOptions;

function pathOf(url: URL): string {
  if (url.protocol === 'file:') return fileURLToPath(url);
  throw badArgument(`cannot open ${url.href}: only file URLs are read; fetch it and open its bytes`);
}

async function readSource(path: string): Promise<Uint8Array> {
  try {
    const { readFile } = await import('node:fs/promises');
    return await readFile(path);
  } catch (cause) {
    throw new WebpfError('file', `cannot read ${path}: ${(cause as Error).message}`, {
      stage: 'frontend',
      subject: path,
      cause,
    });
  }
}

/** One program as an object of its own. */
const objectOf = (program: Program, name = program.name): ObjectFile => ({
  name,
  programs: [program],
  refused: [],
  maps: program.maps,
  license: program.license,
  btf: program.btf,
});

const readFile: ReadFile = (source) => readSource(source instanceof URL ? pathOf(source) : source);

/**
 * Types of a host, read once for any number of objects: `open(file, { btf: await readTypes('vmlinux') })`.
 *
 * @throws WebpfError 'file' when a file cannot be read, 'bad-btf' or 'bad-elf' when it is damaged
 */
export const readTypes = (source: BtfSource): Promise<TargetTypes> => targetTypes(source, readFile);

/**
 * Reads an object file (ELF, eBPF, little-endian), or a translated program.
 * @param name what messages call the file; its path, where it has one, unless told
 * @param options what it is linked against
 */
export async function readObject(
  source: Source,
  name?: string,
  options: LinkOptions = {},
): Promise<ObjectFile> {
  const file = await readLinked(source, name, options);
  if (options.sections === undefined) return file;
  if ('artifacts' in file) throw badArgument('option sections is for object files; this has been translated');
  return withHandlers(file, options.sections);
}

const isFile = (source: unknown): source is FileSource =>
  source instanceof Uint8Array || source instanceof URL || typeof source === 'string';

const isFiles = (source: Source): source is readonly FileSource[] =>
  Array.isArray(source) && source.every(isFile);

/** @returns its name, where it has one, and its bytes */
async function readFileSource(source: FileSource): Promise<{ name?: string; bytes: Uint8Array }> {
  if (source instanceof Uint8Array) return { bytes: source };
  const name = source instanceof URL ? pathOf(source) : source;
  return { name, bytes: await readSource(name) };
}

/** Several files as one. */
async function readFiles(sources: readonly FileSource[]): Promise<{ name?: string; bytes: Uint8Array }> {
  const files = await Promise.all(sources.map(readFileSource));
  const inputs = files.map(({ name = 'object', bytes }) => ({ name, bytes }));
  return { name: inputs.map((input) => input.name).join(' + '), bytes: linkObjects(inputs) };
}

async function readLinked(
  source: Source,
  name: string | undefined,
  options: LinkOptions,
): Promise<ObjectFile> {
  const host = await hostOptions(options, readFile);
  if (isFile(source) || isFiles(source)) {
    const file = isFile(source) ? await readFileSource(source) : await readFiles(source);
    return readBytes(file.bytes, name ?? file.name, host);
  }
  if (source === null || typeof source !== 'object' || !('maps' in source)) {
    throw badArgument(
      'an object is opened from a path, a file URL, a Uint8Array, a list of these, or a program; this is none of them',
    );
  }
  refuseLinked(host, 'what was read before');
  return 'programs' in source ? source : objectOf(source, name);
}

/**
 * Opens an object file in an engine of its own: creates its maps, ready for {@link BpfObject.program}.
 *
 * @throws WebpfError 'file', 'bad-elf', 'bad-btf', 'bad-map', 'bad-relocation' for objects that cannot be read;
 * what concerns a single program (a missing type or helper, …) is reported when that program is asked for.
 */
export async function open(source: Source, options: OpenOptions = {}): Promise<BpfObject> {
  const file = await readObject(source, undefined, options);
  const engine = await Engine.create(options);
  return new BpfObject(engine, file, await checkOptions(options), true);
}

/** Opens another object in an engine that exists: the same memory, clocks and helpers. */
export async function openIn(
  engine: Engine,
  source: Source,
  options: ObjectOptions & LinkOptions = {},
): Promise<BpfObject> {
  return new BpfObject(
    engine,
    await readObject(source, undefined, options),
    await checkOptions(options),
    false,
  );
}

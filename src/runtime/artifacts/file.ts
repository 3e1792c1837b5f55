/**
 * The file that `webpf compile` writes: the module of one program, which describes itself; behind it, in sections of
 * their own, the modules of the programs that its tail calls lead to, and everything that the object file had to say
 * of them all (maps with their contents, BTF, source lines, instructions); a checksum at the end.
 */
import { WebpfError } from '../../errors.ts';
import type { ObjectFile } from '../../frontend/program.ts';
import { type Artifact, readArtifact } from '../../jit/artifact.ts';
import { isRecord, wrongField } from '../../jit/shape.ts';
import { appendSection, type Section } from '../../jit/wasm.ts';
import { decodePlain } from './decode.ts';
import { encodePlain } from './encode.ts';
import { sealBytes, unsealedSections } from './seal.ts';
import { OBJECT } from './shapes.ts';

const PROGRAM = 'webpf.program';
const CONTENTS = 'webpf.object';

/** What an object file says of its programs. */
export type Contents = Omit<ObjectFile, 'name' | 'refused'>;

/** An object whose programs are translated. */
export interface TranslatedObject extends ObjectFile {
  /** By program name; the program the file was compiled for comes first. */
  readonly artifacts: ReadonlyMap<string, Artifact>;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Whether the bytes begin as a WebAssembly module does. */
export const isModule = (bytes: Uint8Array): boolean => MAGIC.every((byte, index) => bytes[index] === byte);

/** @param others programs that `first` leads to */
export function writeTranslated(
  first: Artifact,
  others: readonly Artifact[],
  contents: Contents,
): Uint8Array {
  const whole = others.reduce((bytes, { wasm }) => appendSection(bytes, PROGRAM, wasm), first.wasm);
  const { programs, maps, license, btf } = contents;
  return sealBytes(appendSection(whole, CONTENTS, encodePlain({ programs, maps, license, btf })));
}

const incomplete = (what: string): WebpfError =>
  new WebpfError('bad-argument', `no translated program of webpf's: ${what}`, { stage: 'runtime' });

const isContents = (value: unknown): value is Contents =>
  isRecord(value) && wrongField(value, OBJECT) === undefined;

function contentsOf(bytes: Uint8Array, section: Section | undefined): Contents {
  if (section === undefined) throw incomplete(`it has no section "${CONTENTS}"`);
  const value = decodePlain(bytes.subarray(section.start, section.end));
  if (isContents(value)) return value;
  throw incomplete(`its section "${CONTENTS}" has not the fields that it should have`);
}

function readChecked(bytes: Uint8Array, name: string): TranslatedObject {
  const sections = unsealedSections(bytes);
  const own = sections.filter((section) => section.name === PROGRAM || section.name === CONTENTS);
  const end = own[0]?.at ?? bytes.length;
  const others = own.filter((section) => section.name === PROGRAM);
  const modules = [
    bytes.subarray(0, end),
    ...others.map((section) => bytes.subarray(section.start, section.end)),
  ];
  const contents = contentsOf(
    bytes,
    own.find((section) => section.name === CONTENTS),
  );
  const artifacts = new Map(
    modules.map((module) => readArtifact(module)).map((artifact) => [artifact.info.name, artifact]),
  );
  const missing = contents.programs.find((program) => !artifacts.has(program.name));
  if (missing) throw incomplete(`it has no module of program "${missing.name}"`);
  return { ...contents, name, refused: [], artifacts };
}

/**
 * Reads what {@link writeTranslated} wrote.
 *
 * @throws WebpfError 'bad-argument' for files that are damaged, or made by another version of webpf
 */
export function readTranslated(bytes: Uint8Array, name = 'artifact'): TranslatedObject {
  try {
    return readChecked(bytes, name);
  } catch (cause) {
    if (!(cause instanceof WebpfError)) throw cause;
    const message = `${name} is not what "webpf compile" writes, or cannot be read: ${cause.message}`;
    throw new WebpfError(cause.code, message, { stage: 'runtime', subject: name, cause });
  }
}

/**
 * A translated program as it is kept and shipped: a WebAssembly module that carries its own description in a
 * custom section, so that a later start needs neither the object file's code nor Binaryen.
 */
import { ABI_VERSION } from '../abi/layout.ts';
import { WebpfError } from '../errors.ts';
import type { ProofMode } from '../verifier/proof.ts';
import { appendSection, readSections } from './wasm.ts';

/** Raised when the imports or exports of translated modules change. */
export const ARTIFACT_VERSION = 2;
const SECTION = 'webpf';
/** Section of the positions, see positions.ts. It changes nothing in how the module runs. */
export const POSITIONS = 'webpf.positions';

/** What the module expects of a map. */
export interface ArtifactMap {
  readonly name: string;
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/** A function whose address the program takes, by position in its array of functions. */
export interface ArtifactFunction {
  readonly name: string;
  /** First slot. */
  readonly slot: number;
  /** Slots. */
  readonly length: number;
  /** The module exports it under this name. */
  readonly export: string;
}

export interface ArtifactInfo {
  readonly version: number;
  /** ABI_VERSION of the runtime it was made for. */
  readonly abi: number;
  /** Of the program, as is `section`, `type` (kernel's name) and `license`. */
  readonly name: string;
  readonly section: string;
  readonly type: string;
  readonly license: string;
  readonly mode: ProofMode;
  /** Made for shared memory. */
  readonly shared: boolean;
  /** Of the whole program, and of its main function. */
  readonly slots: number;
  readonly mainSlots: number;
  /** Deepest chain of calls. */
  readonly frames: number;
  /** Bytes of the context that it accesses unchecked, when verified: runs must be given as many. */
  readonly contextSize: number;
  readonly maps: readonly ArtifactMap[];
  /** Ids of the helpers it calls, ascending. */
  readonly helpers: readonly number[];
  readonly functions: readonly ArtifactFunction[];
}

export interface Artifact {
  readonly info: ArtifactInfo;
  /** The module, its description included: what is written to a file. */
  readonly wasm: Uint8Array;
}

export function makeArtifact(module: Uint8Array, info: ArtifactInfo): Artifact {
  const json = new TextEncoder().encode(JSON.stringify(info));
  return { info, wasm: appendSection(module, SECTION, json) };
}

const fail = (message: string, cause?: unknown): never => {
  throw new WebpfError('bad-argument', `not a webpf artifact: ${message}`, { stage: 'jit', cause });
};

type Check = (value: unknown) => boolean;
type Shape<T> = { readonly [Key in keyof T]: Check };

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** The first field that is missing or of the wrong kind. */
const wrongField = <T>(value: Readonly<Record<string, unknown>>, shape: Shape<T>): string | undefined =>
  Object.entries<Check>(shape).find(([key, check]) => !check(value[key]))?.[0];

const recordOf =
  <T>(shape: Shape<T>): Check =>
  (value) =>
    isRecord(value) && wrongField(value, shape) === undefined;

const MAP: Shape<ArtifactMap> = {
  name: isText,
  type: isCount,
  keySize: isCount,
  valueSize: isCount,
  maxEntries: isCount,
  flags: isCount,
};
const FUNCTION: Shape<ArtifactFunction> = { name: isText, slot: isCount, length: isCount, export: isText };
const INFO: Shape<ArtifactInfo> = {
  version: isCount,
  abi: isCount,
  name: isText,
  section: isText,
  type: isText,
  license: isText,
  mode: (value) => value === 'sandbox' || value === 'trusted' || value === 'verified',
  shared: isFlag,
  slots: isCount,
  mainSlots: isCount,
  frames: isCount,
  contextSize: isCount,
  maps: listOf(recordOf(MAP)),
  helpers: listOf(isCount),
  functions: listOf(recordOf(FUNCTION)),
};

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch (cause) {
    return fail(`its section "${SECTION}" is not JSON`, cause);
  }
};

const checkInfo = (value: unknown): ArtifactInfo => {
  if (!isRecord(value)) return fail(`its section "${SECTION}" is not an object`);
  const { version, abi } = value;
  if (version !== ARTIFACT_VERSION || abi !== ABI_VERSION) {
    fail(
      `it is of version ${String(version)}, ABI ${String(abi)}, but this webpf reads version ${ARTIFACT_VERSION}, ABI ${ABI_VERSION}: compile the program again`,
    );
  }
  const wrong = wrongField(value, INFO);
  if (wrong !== undefined)
    fail(`field "${wrong}" of its section "${SECTION}" is missing or of the wrong kind`);
  return value as unknown as ArtifactInfo;
};

/**
 * Reads what `webpf compile` wrote. The module itself is checked when it is compiled.
 *
 * @throws WebpfError 'bad-argument'
 */
export function readArtifact(wasm: Uint8Array): Artifact {
  const section = readSections(wasm).find(({ name }) => name === SECTION);
  if (!section) return fail(`it has no section "${SECTION}"`);
  const json = new TextDecoder().decode(wasm.subarray(section.start, section.end));
  return { info: checkInfo(parse(json)), wasm };
}

/** What encodePositions made; no bytes where the artifact has no positions. */
export function positionBytes({ wasm }: Pick<Artifact, 'wasm'>): Uint8Array {
  const section = readSections(wasm).find(({ name }) => name === POSITIONS);
  return wasm.slice(section?.start ?? 0, section?.end ?? 0);
}

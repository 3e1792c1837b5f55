/**
 * A translated program as it is kept and shipped: a WebAssembly module that carries its own description in a
 * custom section, so that a later start needs neither the object file's code nor Binaryen.
 */
import { ABI_VERSION } from '../abi/layout.ts';
import { WebpfError } from '../errors.ts';
import type { MapSpec } from '../frontend/program.ts';
import type { ContextPointer, ProofMode } from '../verifier/proof.ts';
import { VERSION } from '../version.ts';
import { crc32 } from './checksum.ts';
import {
  isCount,
  isFlag,
  isRecord,
  isText,
  listOf,
  oneOf,
  recordOf,
  type Shape,
  wrongField,
} from './shape.ts';
import { appendSection, readSections } from './wasm.ts';

/** Raised when the imports or exports of translated modules change. */
export const ARTIFACT_VERSION = 4;
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
  /** CRC-32 of what a frozen map holds, which the code may have taken for constants; 0 for other maps. */
  readonly contents: number;
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

/** What a program was admitted by, beside its maps: the code is right for the same alone. */
export interface Setting {
  /** How it sees its events: `memory`, `xdp` or `skb`. */
  readonly contextKind: string;
  /** CPUs of the engine: more would be numbers that the verifier has ruled out. */
  readonly cpus: number;
  /** CRC-32 of the host's helpers and program type as they were declared; 0 without any. */
  readonly host: number;
  /** The rules it was verified by: type, attach type; '' where it was not, or by a type of the host's. */
  readonly rules: string;
}

export interface ArtifactInfo extends Setting {
  readonly version: number;
  /** Of the webpf that made it. */
  readonly engine: string;
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
  /** Slots that no run reaches, when verified: engines need not have what stands there. */
  readonly dead: readonly number[];
  /** Bytes of the context that it accesses unchecked, when verified: runs must be given as many. */
  readonly contextSize: number;
  /** Pointers of the context that it loads, when verified: runs must supply them. */
  readonly contextPointers: readonly ContextPointer[];
  readonly maps: readonly ArtifactMap[];
  /** Ids of the helpers it calls, ascending. */
  readonly helpers: readonly number[];
  readonly functions: readonly ArtifactFunction[];
}

/** What an artifact says of a map. */
export const artifactMap = ({
  name,
  type,
  keySize,
  valueSize,
  maxEntries,
  flags,
  ...rest
}: MapSpec): ArtifactMap => ({
  name,
  type,
  keySize,
  valueSize,
  maxEntries,
  flags,
  contents: rest.frozen && rest.data ? crc32(rest.data) : 0,
});

export interface Artifact {
  readonly info: ArtifactInfo;
  /** The module, its description included: what is written to a file. */
  readonly wasm: Uint8Array;
}

export function makeArtifact(module: Uint8Array, info: ArtifactInfo): Artifact {
  const json = new TextEncoder().encode(JSON.stringify(info));
  return { info, wasm: appendSection(module, SECTION, json) };
}

const CUSTOM = 0;
const NO_CODE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** What is known of a program that is not translated yet. */
export const describedOnly = (info: ArtifactInfo): Artifact => makeArtifact(NO_CODE, info);

export const isTranslated = ({ wasm }: Artifact): boolean =>
  readSections(wasm).some(({ id }) => id !== CUSTOM);

const fail = (message: string, cause?: unknown): never => {
  throw new WebpfError('bad-argument', `not a webpf artifact: ${message}`, { stage: 'jit', cause });
};

const MAP: Shape<ArtifactMap> = {
  name: isText,
  type: isCount,
  keySize: isCount,
  valueSize: isCount,
  maxEntries: isCount,
  flags: isCount,
  contents: isCount,
};
const FUNCTION: Shape<ArtifactFunction> = { name: isText, slot: isCount, length: isCount, export: isText };
const POINTER: Shape<ContextPointer> = {
  offset: isCount,
  name: isText,
  width: isCount,
  to: oneOf('memory', 'packet', 'packetMeta', 'packetEnd', 'object'),
  bytes: isCount,
  nullable: isFlag,
};
const INFO: Shape<ArtifactInfo> = {
  version: isCount,
  engine: isText,
  abi: isCount,
  contextKind: isText,
  cpus: isCount,
  host: isCount,
  rules: isText,
  name: isText,
  section: isText,
  type: isText,
  license: isText,
  mode: oneOf('sandbox', 'trusted', 'verified'),
  shared: isFlag,
  slots: isCount,
  mainSlots: isCount,
  frames: isCount,
  dead: listOf(isCount),
  contextSize: isCount,
  contextPointers: listOf(recordOf(POINTER)),
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
  const { version, abi, engine } = value;
  if (version !== ARTIFACT_VERSION || abi !== ABI_VERSION || engine !== VERSION) {
    fail(
      `it was made by webpf ${String(engine)} (format ${String(version)}, ABI ${String(abi)}), but this is webpf ${VERSION} (format ${ARTIFACT_VERSION}, ABI ${ABI_VERSION}): compile the program again`,
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

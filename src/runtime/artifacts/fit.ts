/** Whether a translation is right for an engine, its maps and its options: it was proved for the ones it names. */
import { WebpfError } from '../../errors.ts';
import type { MapSpec, Program } from '../../frontend/program.ts';
import { type Artifact, type ArtifactMap, artifactMap } from '../../jit/artifact.ts';
import type { ProofMode } from '../../verifier/proof.ts';

/** What a program is loaded with. */
export interface Place {
  readonly mode: ProofMode;
  readonly shared: boolean;
  readonly contextKind: string;
  readonly cpus: number;
  readonly host: number;
}

const MODE: Readonly<Record<ProofMode, string>> = {
  verified: 'verified',
  sandbox: 'for the sandbox (option sandbox)',
  trusted: 'without a verifier (option trusted)',
};

const memoryOf = (shared: boolean): string => `${shared ? 'shared' : 'plain'} memory`;

function misfitOfPlace(
  { info }: Artifact,
  { mode, shared, contextKind, cpus, host }: Place,
): string | undefined {
  if (info.mode !== mode) return `it was compiled ${MODE[info.mode]}, but would be loaded ${MODE[mode]}`;
  if (info.shared !== shared)
    return `it is for ${memoryOf(info.shared)}, and this engine has ${memoryOf(shared)}`;
  if (info.contextKind !== contextKind)
    return `its events are of kind ${info.contextKind}, but would be of kind ${contextKind}`;
  if (info.cpus < cpus) return `it is for ${info.cpus} CPUs, and this engine has ${cpus}`;
  if (info.host !== host) return 'the helpers or the program type of the host were declared otherwise';
  return undefined;
}

const WORDS: Readonly<Record<keyof ArtifactMap, string>> = {
  name: 'name',
  type: 'type',
  keySize: 'key size',
  valueSize: 'value size',
  maxEntries: 'max_entries',
  flags: 'flags',
  contents: 'read-only data',
};

function misfitOfMap(expected: ArtifactMap, given: MapSpec): string | undefined {
  const found = artifactMap(given);
  const keys = Object.keys(WORDS) as (keyof ArtifactMap)[];
  const key = keys.find((one) => expected[one] !== found[one]);
  if (key === undefined) return undefined;
  if (key === 'contents')
    return `the read-only data of "${expected.name}" was other data (set global variables when compiling)`;
  return `map "${expected.name}" had ${WORDS[key]} ${expected[key]}, and has ${found[key]}`;
}

function misfitOfMaps({ info }: Artifact, maps: readonly MapSpec[]): string | undefined {
  if (info.maps.length !== maps.length)
    return `it was compiled for ${info.maps.length} maps, not ${maps.length}`;
  for (const [index, expected] of info.maps.entries()) {
    const given = maps[index];
    const misfit = given && misfitOfMap(expected, given);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

function misfitOfProgram({ info }: Artifact, { type, section, code }: Program): string | undefined {
  if (info.type !== type) return `it was compiled as ${info.type}, not ${type}`;
  const same = info.section === section && info.slots === code.length / 8;
  return same ? undefined : 'it was compiled from another program';
}

/** @throws WebpfError 'bad-argument' that says what differs */
export function checkFit(artifact: Artifact, program: Program, place: Place): void {
  const misfit =
    misfitOfProgram(artifact, program) ??
    misfitOfPlace(artifact, place) ??
    misfitOfMaps(artifact, program.maps);
  if (misfit === undefined) return;
  const message = `the translation of ${program.name} does not fit: ${misfit}: compile it again, for how it is to run`;
  throw new WebpfError('bad-argument', message, { stage: 'runtime', subject: program.name });
}

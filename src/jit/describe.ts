import { ABI_VERSION } from '../abi/layout.ts';
import type { Program } from '../frontend/program.ts';
import { liveCalls } from '../verifier/live.ts';
import type { Proof } from '../verifier/proof.ts';
import { type Structure, takenSubprograms } from '../verifier/structure.ts';
import { VERSION } from '../version.ts';
import {
  ARTIFACT_VERSION,
  type ArtifactFunction,
  type ArtifactInfo,
  artifactMap,
  type Setting,
} from './artifact.ts';
import { callbackExport } from './names.ts';

const NO_SETTING: Setting = { contextKind: '', cpus: 1, host: 0, rules: '' };

export interface DescribeOptions {
  /** For shared memory, with atomic instructions that are. Default: false. */
  readonly shared?: boolean | undefined;
  /** What it was admitted by; kept in the artifact. Default: one CPU, nothing of the host's. */
  readonly setting?: Setting | undefined;
}

const functionsOf = (structure: Structure): ArtifactFunction[] =>
  takenSubprograms(structure).map(({ name, start, length }) => ({
    name,
    slot: start,
    length,
    export: callbackExport(start),
  }));

/** What an artifact of the program says of itself. */
export const describe = (
  program: Program,
  structure: Structure,
  proof: Proof,
  { shared = false, setting = NO_SETTING }: DescribeOptions,
): ArtifactInfo => ({
  ...setting,
  version: ARTIFACT_VERSION,
  engine: VERSION,
  abi: ABI_VERSION,
  name: program.name,
  section: program.section,
  type: program.type,
  license: program.license,
  mode: proof.mode,
  shared,
  slots: structure.decoded.insns.length,
  mainSlots: structure.subprograms[0]?.length ?? 0,
  frames: structure.frames,
  dead: [...proof.facts].flatMap(([slot, { dead }]) => (dead === true ? [slot] : [])),
  contextSize: proof.contextSize,
  contextPointers: proof.contextPointers ?? [],
  maps: program.maps.map(artifactMap),
  helpers: [...liveCalls(structure, proof, 'helper').keys()].sort((a, b) => a - b),
  functions: functionsOf(structure),
});

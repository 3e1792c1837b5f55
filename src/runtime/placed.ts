import type { Program } from '../frontend/program.ts';
import type { Artifact, Setting } from '../jit/artifact.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Structure } from '../verifier/structure.ts';
import type { ContextKind } from './context.ts';
import type { Descriptor, Region } from './descriptor.ts';
import type { FlowKeys } from './flowKeys.ts';
import type { RawMap } from './maps/raw.ts';

/** A program that has its place in linear memory, but no engine's code yet. */
export interface Placed {
  readonly program: Program;
  readonly structure: Structure;
  readonly contextKind: ContextKind;
  readonly maps: readonly RawMap[];
  readonly descriptor: Descriptor;
  /** Memory it was given beside that of its maps. */
  readonly regions: readonly Region[];
  readonly flowKeys: FlowKeys | undefined;
  readonly id: number;
  /** What its code may rely on. */
  readonly proof: Proof;
  /** What is held against its runs, in an engine that checks facts. */
  readonly facts: Proof | undefined;
  readonly setting: Setting | undefined;
  /** Its translation, where there is one already. */
  readonly artifact: Artifact | undefined;
  /** Takes a translation that was made, for later starts. */
  readonly keep: ((artifact: Artifact) => void) | undefined;
}

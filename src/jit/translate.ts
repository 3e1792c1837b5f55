/** Programs to WebAssembly. */
import { ABI_VERSION } from '../abi/layout.ts';
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import { liveCalls } from '../verifier/live.ts';
import type { Proof } from '../verifier/proof.ts';
import { type Structure, takenSubprograms } from '../verifier/structure.ts';
import { VERSION } from '../version.ts';
import {
  ARTIFACT_VERSION,
  type Artifact,
  type ArtifactFunction,
  type ArtifactInfo,
  artifactMap,
  makeArtifact,
  type Setting,
} from './artifact.ts';
import type { Builder } from './builder.ts';
import { buildModule, type ModuleInput } from './module.ts';
import { callbackExport } from './names.ts';
import { bodySizes } from './wasm.ts';

export interface TranslateOptions {
  /** For shared memory, with atomic instructions that are. Default: false. */
  readonly shared?: boolean | undefined;
  /** Run Binaryen's cheap passes. Default: for programs of up to 4,000 slots, where they take some 0.1 s. */
  readonly optimize?: boolean | undefined;
  /** What it was admitted by; kept in the artifact. Default: one CPU, nothing of the host's. */
  readonly setting?: Setting | undefined;
}

const NO_SETTING: Setting = { contextKind: '', cpus: 1, host: 0, rules: '' };

const OPTIMIZED_SLOTS = 4_000;
/** V8, SpiderMonkey and JavaScriptCore refuse functions of more bytes. */
const MAX_BODY = 7_654_321;

const functionsOf = (structure: Structure): ArtifactFunction[] =>
  takenSubprograms(structure).map(({ name, start, length }) => ({
    name,
    slot: start,
    length,
    export: callbackExport(start),
  }));

const describe = (
  program: Program,
  structure: Structure,
  proof: Proof,
  { shared = false, setting = NO_SETTING }: TranslateOptions,
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
  maps: program.maps.map(artifactMap),
  helpers: [...liveCalls(structure, proof, 'helper').keys()].sort((a, b) => a - b),
  functions: functionsOf(structure),
});

/** Errors of the lowering know the instruction; the line and the program are known here. */
const locate = (program: Program, error: unknown): unknown => {
  if (!(error instanceof WebpfError) || error.insn === undefined || error.source) return error;
  const { insn } = error;
  const line = program.lines.findLast((entry) => entry.insn <= insn);
  const place = line ? ` (${line.file}:${line.line})` : '';
  const { code, stage, cause } = error;
  const details = { stage, insn, source: line, subject: program.name, cause };
  return new WebpfError(code, `${program.name}: ${error.message}${place}`, details);
};

const checkSizes = (program: Program, wasm: Uint8Array): void => {
  const largest = bodySizes(wasm).reduce((most, size) => Math.max(most, size), 0);
  if (largest <= MAX_BODY) return;
  const message = `${program.name}: a function takes ${largest} bytes of WebAssembly, and engines take at most ${MAX_BODY}: split it, or interpret the program`;
  throw new WebpfError('unsupported', message, { stage: 'jit', subject: program.name });
};

const build = (builder: Builder, input: ModuleInput, optimize: boolean | undefined): Uint8Array => {
  buildModule(builder, input);
  return builder.finish({ optimize: optimize ?? input.structure.decoded.insns.length <= OPTIMIZED_SLOTS });
};

/**
 * Translates a program that passed the structural checks. Loads Binaryen when first called (some 0.5 s).
 *
 * @throws WebpfError 'unsupported' for what webpf cannot carry (kernel functions, gotox, arenas), with the
 *   instruction
 */
export async function translate(
  program: Program,
  structure: Structure,
  proof: Proof,
  options: TranslateOptions = {},
): Promise<Artifact> {
  const { BinaryenBuilder } = await import('./binaryen.ts');
  const builder = new BinaryenBuilder();
  const shared = options.shared ?? false;
  try {
    const wasm = build(builder, { structure, proof, type: program.type, shared }, options.optimize);
    checkSizes(program, wasm);
    return makeArtifact(wasm, describe(program, structure, proof, options));
  } catch (error) {
    throw locate(program, error);
  } finally {
    builder.dispose();
  }
}

/** Programs to WebAssembly. */
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Structure } from '../verifier/structure.ts';
import { type Artifact, makeArtifact } from './artifact.ts';
import type { Builder } from './builder.ts';
import { type DescribeOptions, describe } from './describe.ts';
import { buildModule, type ModuleInput } from './module.ts';
import { bodySizes } from './wasm.ts';

export interface TranslateOptions extends DescribeOptions {
  /** Run Binaryen's cheap passes. Default: for programs of up to 4,000 slots, where they take some 0.1 s. */
  readonly optimize?: boolean | undefined;
}

const OPTIMIZED_SLOTS = 4_000;
/** V8, SpiderMonkey and JavaScriptCore refuse functions of more bytes. */
const MAX_BODY = 7_654_321;

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

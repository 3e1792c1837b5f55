/** Programs to WebAssembly. */
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Structure } from '../verifier/structure.ts';
import { type Artifact, makeArtifact, POSITIONS } from './artifact.ts';
import type { Finished } from './builder.ts';
import { type DescribeOptions, describe } from './describe.ts';
import { buildModule } from './module.ts';
import { moduleName } from './names.ts';
import { type Optimize, usesOf } from './opt/names.ts';
import { encodePositions } from './positions.ts';
import { appendSection, bodySizes, nameModule } from './wasm.ts';

export interface TranslateOptions extends DescribeOptions {
  /** Count executions, see counters.ts. Default: false. */
  readonly profile?: boolean | undefined;
  /**
   * `traps` (default): the artifact says to which instructions the code belongs that stack traces may name (accesses,
   * calls). `all`: that of all its code, which takes a third more of its size and of the time. The code is the same.
   */
  readonly positions?: 'traps' | 'all' | undefined;
  /** Default: all optimisations. */
  readonly optimize?: Optimize | undefined;
}

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

/** The module of what a builder has finished, with a name and with its positions. */
const complete = ({ name }: Program, { wasm, positions }: Finished): Uint8Array =>
  appendSection(nameModule(wasm, moduleName(name)), POSITIONS, encodePositions(positions));

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
  const builder = new BinaryenBuilder(options.positions === 'all');
  const { shared = false, profile = false } = options;
  try {
    const uses = usesOf(options.optimize ?? true);
    const { type, maps } = program;
    buildModule(builder, { structure, proof, type, maps, shared, profile, uses });
    const wasm = complete(program, builder.finish());
    checkSizes(program, wasm);
    return makeArtifact(wasm, describe(program, structure, proof, options));
  } catch (error) {
    throw locate(program, error);
  } finally {
    builder.dispose();
  }
}

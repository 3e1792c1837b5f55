import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BpfProgram, type EngineOptions, open } from '../src/index.ts';
import { type BenchKind, inputs } from './programs/inputs.mjs';

/** A benchmark program with its input and the result a native compile of the same source gives. */
export interface BenchProgram {
  readonly name: string;
  readonly program: string;
  readonly kind: BenchKind;
  readonly input: Uint8Array;
  /** Unsigned decimal. */
  readonly r0: string;
}

type Expected = Omit<BenchProgram, 'input'>;

const folder = new URL('./programs/', import.meta.url);

export const benchPrograms: readonly BenchProgram[] = (
  JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Expected[]
).map(({ name, program, kind, r0 }) => ({ name, program, kind, r0, input: inputOf(name) }));

function inputOf(name: string): Uint8Array {
  const input = (inputs as Readonly<Record<string, { readonly data: Uint8Array }>>)[name];
  if (!input) throw new Error(`bench/programs/inputs.mjs has no input for ${name}`);
  return input.data;
}

/** Opens a benchmark program and makes sure that it computes what it should before it is timed. */
export async function prepare(bench: BenchProgram, options: EngineOptions): Promise<BpfProgram> {
  const object = await open(fileURLToPath(new URL(`${bench.program}.bpf.o`, folder)), options);
  const program = await object.program();
  const { r0 } = program.run(bench.input);
  if (r0.toString() === bench.r0) return program;
  throw new Error(`${bench.name} returned ${r0} in the ${options.engine} engine, not ${bench.r0}`);
}

/** Instructions one run executes, helpers as one each. */
export async function countInstructions(bench: BenchProgram): Promise<number> {
  const program = await prepare(bench, { engine: 'interp', trusted: true });
  const run = program.debug(bench.input);
  run.continue({});
  return run.state.executed;
}

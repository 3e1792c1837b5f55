import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { open } from '../src/index.ts';
import { type BenchKind, inputs } from './programs/inputs.mjs';

/** A benchmark program with its packet, and what a native compile of the same source makes of it. */
export interface BenchProgram {
  readonly name: string;
  /** Name of the program and of its object. */
  readonly program: string;
  readonly kind: BenchKind;
  readonly input: Uint8Array;
  /** Unsigned decimal. */
  readonly r0: string;
  /** FNV-1a of the packet after the first run. */
  readonly memory: string;
}

/** The program that tells what a run costs by itself. */
export const EMPTY = 'empty';

const folder = new URL('./programs/', import.meta.url);

function inputOf(name: string): Uint8Array {
  const input = inputs[name];
  if (!input) throw new Error(`bench/programs/inputs.mjs has no input for ${name}`);
  return input.data;
}

export const benchPrograms: readonly BenchProgram[] = (
  JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Omit<BenchProgram, 'input'>[]
).map((expected) => ({ ...expected, input: inputOf(expected.name) }));

export const objectPath = (program: string): string => fileURLToPath(new URL(`${program}.bpf.o`, folder));

/** Instructions one run executes, helpers as one each. */
export async function countInstructions({ program, input }: BenchProgram): Promise<number> {
  using object = await open(objectPath(program), { engine: 'interp', trusted: true });
  const run = (await object.program()).debug(input);
  run.continue({});
  return run.state.executed;
}

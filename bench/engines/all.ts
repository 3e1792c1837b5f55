/** One program in every engine that this machine has. */
import { type BenchProgram, objectPath } from '../programs.ts';
import type { Candidate } from './outcome.ts';
import { type WebpfEngine, webpfCandidate, webpfEngines } from './webpf.ts';
import type { Workshop } from './workshop.ts';

export type EngineName = WebpfEngine | 'native' | 'clang wasm' | 'kernel JIT';

export interface Field extends Disposable {
  readonly candidates: ReadonlyMap<EngineName, Candidate>;
  /** Why an engine is not among them. */
  readonly missing: ReadonlyMap<EngineName, string>;
}

const LOW = 0xffff_ffffn;

/** Without maps, a program means the same to a C compiler; ours are lists there, which would compare nothing. */
const outside = (bench: BenchProgram): readonly EngineName[] =>
  bench.kind === 'maps' ? ['kernel JIT'] : ['native', 'kernel JIT', 'clang wasm'];

function check(bench: BenchProgram, engine: EngineName, { first }: Candidate): void {
  const wanted = engine === 'kernel JIT' ? BigInt(bench.r0) & LOW : BigInt(bench.r0);
  if (first.r0 === wanted && first.packet === bench.memory) return;
  throw new Error(
    `${bench.name} gives r0 ${first.r0} and packet ${first.packet} in ${engine}, not ${wanted} and ${bench.memory}`,
  );
}

function make(workshop: Workshop, bench: BenchProgram, engine: EngineName): Promise<Candidate> {
  const { program, input } = bench;
  if (engine === 'native') return workshop.native(program, input);
  if (engine === 'clang wasm') return workshop.wasm(program, input);
  if (engine === 'kernel JIT') return workshop.kernel(objectPath(program), program, input);
  return webpfCandidate(objectPath(program), program, input, webpfEngines[engine]);
}

const isOurs = (engine: EngineName): engine is WebpfEngine => engine in webpfEngines;

/**
 * Opens a benchmark program everywhere.
 * @throws Error when an engine does not give what is expected, or one of webpf's does not run it
 */
export async function fieldOf(workshop: Workshop, bench: BenchProgram): Promise<Field> {
  const candidates = new Map<EngineName, Candidate>();
  const missing = new Map<EngineName, string>();
  const ours = Object.keys(webpfEngines) as WebpfEngine[];
  for (const engine of [...ours, ...outside(bench)]) {
    try {
      candidates.set(engine, await make(workshop, bench, engine));
    } catch (error) {
      if (isOurs(engine)) throw error;
      missing.set(engine, error instanceof Error ? error.message : String(error));
    }
  }
  for (const [engine, candidate] of candidates) check(bench, engine, candidate);
  return {
    candidates,
    missing,
    [Symbol.dispose]() {
      for (const candidate of candidates.values()) candidate[Symbol.dispose]();
    },
  };
}

/** Programs and their translations: where one comes from, and how a program gets its code. */
import * as layout from '../abi/layout.ts';
import type { WasmModule } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import { type Artifact, isTranslated, positionBytes } from '../jit/artifact.ts';
import { instantiateModule } from '../jit/instantiate.ts';
import type { TranslateOptions } from '../jit/translate.ts';
import { liveCalls } from '../verifier/live.ts';
import type { Proof } from '../verifier/proof.ts';
import { badArgument } from './argument.ts';
import type { Engine } from './engine.ts';
import type { Placed } from './placed.ts';
import { Profile } from './profile.ts';
import type { Executor } from './program.ts';
import type { LoadedProgram } from './share/types.ts';
import { tools } from './tools.ts';

/** What an artifact is made with beside the program. */
export type ArtifactOptions = Pick<TranslateOptions, 'positions'>;

/** A program's translation. Binaryen is loaded here, at the first program translated. */
export async function translateFor(
  engine: Engine,
  { program, structure, setting, artifact, keep, proof: known }: Placed,
  proof: Proof = known,
  options: ArtifactOptions & Pick<TranslateOptions, 'profile'> = {},
): Promise<Artifact> {
  if (artifact !== undefined && isTranslated(artifact)) return artifact;
  const { translate } = tools();
  if (translate === undefined) return noTranslator(program);
  const shared = engine.memory.kind === 'shared';
  const made = await translate(program, structure, proof, {
    ...options,
    shared,
    setting,
    optimize: engine.optimize,
  });
  keep?.(made);
  return made;
}

function noTranslator({ name }: Program): never {
  const message = `${name} is not translated, and there is no translator here: open what "webpf compile" writes`;
  throw new WebpfError('unsupported', message, { stage: 'runtime', subject: name });
}

/** A translation as it is put in place. */
export interface Linked {
  readonly artifact: Artifact;
  readonly module: WasmModule;
  /** What its code relies on. */
  readonly proof: Proof;
}

/** Gives a placed program the code of its translation. */
export function linkTranslated(
  engine: Engine,
  placed: Placed,
  { artifact, module, proof }: Linked,
): Executor {
  const { exports, memory, run } = engine;
  const descriptor = placed.descriptor.address;
  if (placed.descriptor.released) throw badArgument(`${placed.program.name} has been unloaded`);
  // Other threads would find indexes in shared memory that their tables do not have.
  engine.assertOwn('load programs');
  const counters = engine.counts ? engine.addProfile(descriptor, new Profile(memory, placed)) : undefined;
  engine.addPositions(descriptor, positionBytes(artifact));
  const translated = instantiateModule(artifact, module as WebAssembly.Module, {
    memory: memory.memory as WebAssembly.Memory,
    run,
    program: descriptor,
    functions: placed.descriptor.functions,
    maps: placed.maps.map((map) => map.address),
    values: placed.maps.map((map) => map.valuesAddress),
    runtime: exports,
    hostHelper: engine.helpers.call,
    kfunc: engine.kfuncs.find,
    counters,
  });
  const indexes = addToTable(engine, [translated.entry, ...translated.functions]);
  const [entry, ...functions] = indexes;
  remember(engine, placed, proof, { info: artifact.info, artifact, indexes });
  memory.setU32(descriptor + layout.PROG_TABLE_INDEX, entry ?? 0);
  functions.forEach((index, i) => {
    memory.setU32(placed.descriptor.functions + i * layout.FUNC_SIZE + layout.FUNC_TABLE_INDEX, index);
  });
  return translated;
}

/** Notes how a program runs, for threads that will run it too. */
export function remember(
  engine: Engine,
  placed: Placed,
  proof: Proof,
  translated: LoadedProgram['translated'],
): void {
  const { program, id, descriptor, contextKind, maps, structure } = placed;
  engine.assertOwn('load programs');
  engine.loaded.set(descriptor.address, {
    program,
    id,
    descriptor: descriptor.address,
    functions: descriptor.functions,
    contextKind,
    mode: proof.mode,
    maps: maps.map(({ address }) => address),
    helpers: [...liveCalls(structure, proof, 'helper').keys()],
    translated,
  });
}

/** Puts functions into the table that tail calls and callbacks go through; their indexes. */
function addToTable({ exports: { table }, freeIndexes }: Engine, functions: readonly unknown[]): number[] {
  return functions.map((fn) => {
    const index = freeIndexes.pop() ?? table.grow(1);
    table.set(index, fn);
    return index;
  });
}

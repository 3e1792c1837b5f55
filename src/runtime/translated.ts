/** Programs and their translations: where one comes from, and how a program gets its code. */
import * as layout from '../abi/layout.ts';
import type { WasmTable } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import { type Artifact, isTranslated } from '../jit/artifact.ts';
import { instantiateModule } from '../jit/instantiate.ts';
import type { Proof } from '../verifier/proof.ts';
import type { Engine } from './engine.ts';
import type { Placed } from './placed.ts';
import type { Executor } from './program.ts';
import { tools } from './tools.ts';

/** A program's translation. Binaryen is loaded here, at the first program translated. */
export async function translateFor(
  engine: Engine,
  { program, structure, setting, artifact, keep, proof: known }: Placed,
  proof: Proof = known,
): Promise<Artifact> {
  if (artifact !== undefined && isTranslated(artifact)) return artifact;
  const { translate } = tools();
  if (translate === undefined) return noTranslator(program);
  const made = await translate(program, structure, proof, {
    shared: engine.memory.kind === 'shared',
    setting,
  });
  keep?.(made);
  return made;
}

function noTranslator({ name }: Program): never {
  const message = `${name} is not translated, and there is no translator here: open what "webpf compile" writes`;
  throw new WebpfError('unsupported', message, { stage: 'runtime', subject: name });
}

/** Gives a placed program the code of its translation. */
export function linkTranslated(
  engine: Engine,
  placed: Placed,
  artifact: Artifact,
  module: WebAssembly.Module,
): Executor {
  const { exports, memory, run } = engine;
  const descriptor = placed.descriptor.address;
  const translated = instantiateModule(artifact, module, {
    memory: memory.memory as WebAssembly.Memory,
    run,
    program: descriptor,
    functions: placed.descriptor.functions,
    maps: placed.maps.map((map) => map.address),
    values: placed.maps.map((map) => map.valuesAddress),
    runtime: exports,
    hostHelper: engine.helpers.call,
  });
  const [entry, ...functions] = addToTable(exports.table, [translated.entry, ...translated.functions]);
  memory.setU32(descriptor + layout.PROG_TABLE_INDEX, entry ?? 0);
  functions.forEach((index, i) => {
    memory.setU32(placed.descriptor.functions + i * layout.FUNC_SIZE + layout.FUNC_TABLE_INDEX, index);
  });
  return translated;
}

/** Appends functions to the table that tail calls and callbacks go through; their indexes. */
function addToTable(table: WasmTable, functions: readonly unknown[]): number[] {
  const first = table.grow(functions.length);
  functions.forEach((fn, i) => {
    table.set(first + i, fn);
  });
  return functions.map((_, i) => first + i);
}

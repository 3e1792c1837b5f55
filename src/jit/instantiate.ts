/** A translated program in an engine: the artifact's module, bound to the engine's memory and runtime. */
import { HASH_TABLE } from '../abi/hash.ts';
import * as layout from '../abi/layout.ts';
import type { HelperExport, RuntimeExports, RuntimeImports } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import { helperId } from '../isa/helpers.ts';
import type { Artifact, ArtifactMap } from './artifact.ts';
import * as names from './names.ts';

/** Addresses are in the engine's linear memory. */
export interface Bindings {
  readonly memory: WebAssembly.Memory;
  /** The run state of the CPU it runs on. */
  readonly run: number;
  /** The program's descriptor (PROG_*). */
  readonly program: number;
  /** Its array of functions (FUNC_*), in the order of `artifact.info.functions`. */
  readonly functions: number;
  /** By map index: the map's address, and that of its values. */
  readonly maps: readonly number[];
  readonly values: readonly number[];
  readonly runtime: RuntimeExports & Readonly<Record<`bpf_${string}`, HelperExport | undefined>>;
  /** Takes the calls of helpers that the runtime does not have. */
  readonly hostHelper: RuntimeImports['hostHelper'];
  /** A kernel function by name; undefined where there is none. */
  readonly kfunc: (name: string) => HelperExport | undefined;
  /** Zeros, one counter for each slot: for artifacts that count executions. */
  readonly counters?: number | undefined;
}

/** r1..r5 and r10 in, r0 out. */
export type TranslatedFunction = (
  r1: bigint,
  r2: bigint,
  r3: bigint,
  r4: bigint,
  r5: bigint,
  r10: bigint,
) => bigint;

export interface TranslatedProgram {
  /** For the runtime's table: what a tail call to the program enters. */
  readonly entry: TranslatedFunction;
  /** For the runtime's table: the functions whose address is taken, as in `artifact.info.functions`. */
  readonly functions: readonly TranslatedFunction[];
  /** Runs the program over `count` batch records from `record` on. A trap unwinds it; see RUN_BATCH_INDEX. */
  batch(record: number, count: number): void;
}

type Imports = Record<string, WebAssembly.ImportValue>;

const address = (value: number): WebAssembly.Global =>
  new WebAssembly.Global({ value: 'i32', mutable: false }, value | 0);

/** Helpers unknown to this runtime go to the host. */
const hosted = (name: string, { hostHelper }: Bindings): HelperExport => {
  const id = helperId(name) ?? 0;
  return (r1, r2, r3, r4, r5) => hostHelper(id, r1, r2, r3, r4, r5);
};

const runtimeImport = (name: string, bindings: Bindings): WebAssembly.ImportValue => {
  if (name.startsWith('bpf_')) return bindings.runtime[name as `bpf_${string}`] ?? hosted(name, bindings);
  return bindings.runtime[name as names.RuntimeFunction] as WebAssembly.ImportValue;
};

const engineImports = (bindings: Bindings): Imports => {
  const env: Imports = {
    [names.MEMORY]: bindings.memory,
    [names.TABLE]: bindings.runtime.table,
    [names.RUN]: address(bindings.run),
    [names.PROG]: address(bindings.program),
    [names.FUNCS]: address(bindings.functions),
    [names.HOST_HELPER]: bindings.hostHelper,
    ...(bindings.counters !== undefined && { [names.COUNTERS]: address(bindings.counters) }),
  };
  bindings.maps.forEach((map, index) => {
    env[names.mapGlobal(index)] = address(map);
  });
  bindings.values.forEach((values, index) => {
    env[names.valuesGlobal(index)] = address(values);
    Object.assign(env, windowOf(bindings, values, index));
  });
  bindings.maps.forEach((map, index) => {
    Object.assign(env, insidesOf(bindings, map, index));
  });
  return env;
};

/** The region of the program's that begins with a map's values; empty when it was given none. */
const regionAt = ({ memory, program }: Bindings, values: number): { length: number; access: number } => {
  const view = new DataView(memory.buffer);
  const regions = view.getUint32(program + layout.PROG_REGIONS, true);
  const count = view.getUint32(program + layout.PROG_NREGIONS, true);
  for (let region = regions; region < regions + count * layout.REGION_SIZE; region += layout.REGION_SIZE) {
    if (view.getUint32(region + layout.REGION_START, true) !== values) continue;
    const length = view.getUint32(region + layout.REGION_END, true) - values;
    return { length, access: view.getUint32(region + layout.REGION_ACCESS, true) };
  }
  return { length: 0, access: 0 };
};

/** What the runtime's check lets through is read from where it reads it: the program's descriptor. */
const windowOf = (bindings: Bindings, values: number, index: number): Imports => {
  const { length, access } = regionAt(bindings, values);
  const limit = Math.max(0, length - (names.WIDEST - 1));
  const allowed = (needed: number): WebAssembly.Global => address((access & needed) === 0 ? 0 : limit);
  return {
    [names.windowStart(index)]: address(values),
    [names.readLimit(index)]: allowed(layout.REGION_READ),
    [names.writeLimit(index)]: allowed(layout.REGION_WRITE),
  };
};

/** What lookups without a call start from. */
const insidesOf = ({ memory, run }: Bindings, map: number, index: number): Imports => {
  const view = new DataView(memory.buffer);
  const at = (offset: number): number => view.getUint32(offset, true);
  const own = at(map + layout.MAP_VALUES) + at(run + layout.RUN_CPU) * at(map + layout.MAP_CPU_STRIDE);
  return {
    [names.ownValues(index)]: address(own),
    [names.hashTable(index)]: address(at(map + HASH_TABLE)),
    [names.slotValues(index)]: address(own - at(map + layout.MAP_VALUE_STRIDE)),
  };
};

const importsOf = (module: WebAssembly.Module, bindings: Bindings): WebAssembly.Imports => {
  const wanted = WebAssembly.Module.imports(module).filter((entry) => entry.module === names.RUNTIME);
  const runtime = Object.fromEntries(wanted.map(({ name }) => [name, runtimeImport(name, bindings)]));
  return {
    [names.ENV]: engineImports(bindings),
    [names.RUNTIME]: runtime,
    [names.KFUNC]: kfuncsOf(module, bindings),
  };
};

/** What is missing is left out: linking then says so. */
const kfuncsOf = (module: WebAssembly.Module, { kfunc }: Bindings): Imports =>
  Object.fromEntries(
    WebAssembly.Module.imports(module)
      .filter((entry) => entry.module === names.KFUNC)
      .flatMap(({ name }) => {
        const found = kfunc(name);
        return found === undefined ? [] : [[name, found as WebAssembly.ImportValue]];
      }),
  );

const modules = new WeakMap<Artifact, Promise<WebAssembly.Module>>();

/** The compiled module of an artifact; compiled once. It may be posted to workers. */
export function compileArtifact(artifact: Artifact): Promise<WebAssembly.Module> {
  const known = modules.get(artifact);
  if (known) return known;
  const compiled = WebAssembly.compile(artifact.wasm as BufferSource).catch((cause: unknown) => {
    throw broken(artifact, 'its module does not compile', cause);
  });
  modules.set(artifact, compiled);
  return compiled;
}

/** The compiled module of an artifact that another thread has sent. */
export function adoptModule(artifact: Artifact, module: WebAssembly.Module): void {
  modules.set(artifact, Promise.resolve(module));
}

const broken = ({ info }: Artifact, what: string, cause: unknown): WebpfError => {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new WebpfError('bad-argument', `artifact of program ${info.name}: ${what}: ${detail}`, {
    stage: 'jit',
    subject: info.name,
    cause,
  });
};

const checkMaps = ({ info }: Artifact, { maps, values }: Bindings): void => {
  const bound = Math.min(maps.length, values.length);
  if (bound >= info.maps.length) return;
  const message = `artifact of program ${info.name}: it needs ${info.maps.length} maps, but ${bound} are bound`;
  throw new WebpfError('bad-argument', message, { stage: 'jit', subject: info.name });
};

const SIZES = [
  ['type', layout.MAP_TYPE],
  ['keySize', layout.MAP_KEY_SIZE],
  ['valueSize', layout.MAP_VALUE_SIZE],
  ['maxEntries', layout.MAP_MAX_ENTRIES],
] as const satisfies readonly (readonly [keyof ArtifactMap, number])[];

/** Lookups emitted into the module have the sizes of their maps in them. */
const checkSizes = ({ info }: Artifact, module: WebAssembly.Module, { memory, maps }: Bindings): void => {
  const view = new DataView(memory.buffer);
  for (const { name } of WebAssembly.Module.imports(module)) {
    const index = names.sizedMap(name) ?? -1;
    const [map, address] = [info.maps[index], maps[index]];
    if (map === undefined || address === undefined) continue;
    for (const [size, offset] of SIZES) {
      const found = view.getUint32(address + offset, true);
      if (found === map[size]) continue;
      const message = `artifact of program ${info.name}: it was made for a map "${map.name}" with ${size} ${map[size]}, but that of the map it is bound to is ${found}: compile the program again`;
      throw new WebpfError('bad-argument', message, { stage: 'jit', subject: info.name });
    }
  }
};

/**
 * Binds a translated program to an engine.
 *
 * @throws WebpfError 'bad-argument' when the module does not compile, or does not fit the engine: other memory, or
 *   maps of other sizes than those it was made for
 */
export async function instantiate(artifact: Artifact, bindings: Bindings): Promise<TranslatedProgram> {
  checkMaps(artifact, bindings);
  return instantiateModule(artifact, await compileArtifact(artifact), bindings);
}

/** The same with a module that is compiled already. */
export function instantiateModule(
  artifact: Artifact,
  module: WebAssembly.Module,
  bindings: Bindings,
): TranslatedProgram {
  checkMaps(artifact, bindings);
  checkSizes(artifact, module, bindings);
  const exports = link(artifact, module, bindings);
  return {
    entry: exports[names.ENTRY] as TranslatedFunction,
    functions: artifact.info.functions.map((fn) => exports[fn.export] as TranslatedFunction),
    batch: exports[names.BATCH] as TranslatedProgram['batch'],
  };
}

const link = (artifact: Artifact, module: WebAssembly.Module, bindings: Bindings): WebAssembly.Exports => {
  try {
    const { exports } = new WebAssembly.Instance(module, importsOf(module, bindings));
    const wanted = [names.ENTRY, names.BATCH, ...artifact.info.functions.map((fn) => fn.export)];
    const missing = wanted.find((name) => typeof exports[name] !== 'function');
    if (missing !== undefined) throw new Error(`it does not export "${missing}"`);
    return exports;
  } catch (cause) {
    throw broken(artifact, 'it does not fit this engine', cause);
  }
};

import { WebpfError } from '../errors.ts';
import type { MapSpec } from '../frontend/program.ts';
import { integer } from './argument.ts';
import { u32Bytes } from './bytes.ts';
import type { Engine } from './engine.ts';
import { setGlobals } from './globals.ts';
import { writeInitial } from './maps/initial.ts';
import { isMapOfMaps, isPerf } from './maps/kinds.ts';
import type { RawMap } from './maps/raw.ts';

export interface MapSetOptions {
  readonly globals?: Readonly<Record<string, unknown>>;
  readonly maxEntries?: Readonly<Record<string, number>>;
}

const MAX_U32 = 0xffffffff;

/** By name; or why a map could not be made, which only matters to the programs that use it: they are refused with it. */
export type NamedMaps = ReadonlyMap<string, RawMap | WebpfError>;

/** The maps of one object. */
export class MapSet {
  readonly #maps: NamedMaps;
  /** By map of maps, then by key: what was put there last. */
  readonly #inner = new Map<RawMap, Map<string, RawMap>>();

  constructor(maps: NamedMaps) {
    this.#maps = maps;
  }

  get all(): NamedMaps {
    return this.#maps;
  }

  /** @throws WebpfError 'not-found', or why the map could not be created. */
  find(name: string, accepts: (type: number) => boolean = () => true, kind = 'map'): RawMap {
    const map = this.#maps.get(name);
    if (map instanceof WebpfError) throw map;
    if (map && accepts(map.spec.type)) return map;
    const known = [...this.#maps.keys()].join(', ') || 'none';
    const reason = map
      ? `map "${name}" is of type ${map.spec.type}, not a ${kind}`
      : `there is no map "${name}"; the object has ${known}`;
    throw new WebpfError('not-found', reason, { stage: 'runtime', subject: name });
  }

  /** Puts a map into a map of maps, which is returned. */
  setInner(outer: string, key: Uint8Array, inner: RawMap): RawMap {
    const map = this.find(outer, isMapOfMaps, 'map of maps');
    map.update(key, u32Bytes(inner.address));
    const known = this.#inner.get(map) ?? new Map<string, RawMap>();
    this.#inner.set(map, known.set(key.join(), inner));
    return map;
  }

  /** The maps, and those inside them. */
  granted(maps: readonly RawMap[]): RawMap[] {
    return maps.flatMap((map) => [map, ...(this.#inner.get(map)?.values() ?? [])]);
  }
}

/** Creates the maps of an object and gives them their initial contents. */
export function createMaps(engine: Engine, specs: readonly MapSpec[], options: MapSetOptions): MapSet {
  const maxEntries = options.maxEntries ?? {};
  const globals = setGlobals(specs, options.globals ?? {});
  refuseUnknown(specs, Object.keys(maxEntries));
  for (const [name, entries] of Object.entries(maxEntries))
    integer(`maxEntries of "${name}"`, entries, 0, MAX_U32);
  const maps = new Map(
    specs.map((spec) => {
      // A copy: what the verifier has seen of frozen maps must not change under it.
      const data = globals.get(spec.name) ?? spec.data?.slice();
      return [spec.name, createMap(engine, { ...spec, data }, maxEntries[spec.name])];
    }),
  );
  const set = new MapSet(maps);
  for (const map of maps.values()) if (!(map instanceof WebpfError)) initialise(engine, set, map);
  return set;
}

function createMap(
  engine: Engine,
  spec: MapSpec,
  maxEntries = defaultEntries(engine, spec),
): RawMap | WebpfError {
  try {
    return engine.createMap({ ...spec, maxEntries });
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
}

/** Perf event arrays that leave their size open get one ring for each CPU, as libbpf does it. */
export function defaultEntries({ cpus }: Engine, { type, maxEntries }: MapSpec): number {
  return isPerf(type) && maxEntries === 0 ? cpus : maxEntries;
}

function initialise(engine: Engine, maps: MapSet, map: RawMap): void {
  const { name, slots = [] } = map.spec;
  writeInitial(engine, map);
  for (const slot of slots) {
    if (slot.kind === 'map') maps.setInner(name, u32Bytes(slot.index), maps.find(slot.name));
  }
}

function refuseUnknown(specs: readonly MapSpec[], names: readonly string[]): void {
  const unknown = names.find((name) => !specs.some((spec) => spec.name === name));
  if (unknown === undefined) return;
  throw new WebpfError('not-found', `maxEntries: there is no map "${unknown}"`, {
    stage: 'runtime',
    subject: unknown,
  });
}

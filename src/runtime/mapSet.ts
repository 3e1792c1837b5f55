import { WebpfError } from '../errors.ts';
import type { MapSpec } from '../frontend/program.ts';
import { integer } from './argument.ts';
import { u32Bytes } from './bytes.ts';
import type { Engine } from './engine.ts';
import { setGlobals } from './globals.ts';
import { isMapOfMaps, isPerf } from './maps/kinds.ts';
import type { RawMap } from './maps/raw.ts';

export interface MapSetOptions {
  readonly globals?: Readonly<Record<string, unknown>>;
  readonly maxEntries?: Readonly<Record<string, number>>;
}

const MAX_U32 = 0xffffffff;

/** The maps of one object, created and given their initial contents. */
export class MapSet {
  readonly #engine: Engine;
  readonly #maps = new Map<string, RawMap | WebpfError>();
  /** By map of maps, then by key: what was put there last. */
  readonly #inner = new Map<RawMap, Map<string, RawMap>>();

  constructor(engine: Engine, specs: readonly MapSpec[], options: MapSetOptions) {
    this.#engine = engine;
    const maxEntries = options.maxEntries ?? {};
    const globals = setGlobals(specs, options.globals ?? {});
    refuseUnknown(specs, Object.keys(maxEntries));
    for (const [name, entries] of Object.entries(maxEntries))
      integer(`maxEntries of "${name}"`, entries, 0, MAX_U32);
    for (const spec of specs) {
      // A copy: what the verifier has seen of frozen maps must not change under it.
      const data = globals.get(spec.name) ?? spec.data?.slice();
      this.#maps.set(spec.name, this.#create({ ...spec, data }, maxEntries[spec.name]));
    }
    for (const { name } of specs) this.#initialise(name);
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

  /** A map that cannot be made only matters to the programs that use it: they are refused with this error. */
  #create(spec: MapSpec, maxEntries = this.#defaultEntries(spec)): RawMap | WebpfError {
    try {
      const template = spec.inner && this.#engine.createMap(spec.inner).address;
      return this.#engine.createMap({ ...spec, maxEntries }, template);
    } catch (error) {
      if (error instanceof WebpfError) return error;
      throw error;
    }
  }

  /** Perf event arrays that leave their size open get one ring for each CPU, as libbpf does it. */
  #defaultEntries({ type, maxEntries }: MapSpec): number {
    return isPerf(type) && maxEntries === 0 ? this.#engine.cpus : maxEntries;
  }

  #initialise(name: string): void {
    const map = this.#maps.get(name);
    if (!map || map instanceof WebpfError) return;
    const { data, slots = [] } = map.spec;
    if (data) this.#engine.memory.write(map.valuesAddress, data);
    for (const slot of slots) {
      if (slot.kind === 'map') this.setInner(name, u32Bytes(slot.index), this.find(slot.name));
    }
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

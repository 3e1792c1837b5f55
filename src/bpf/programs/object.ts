/** What libbpf does with an object file: its maps are made and filled, its programs loaded, and put where they are called. */
import { EINVAL } from '../../abi/maps.ts';
import type { MapSpec, ObjectFile, Program } from '../../frontend/program.ts';
import { u32Bytes } from '../../runtime/bytes.ts';
import { defaultEntries } from '../../runtime/mapSet.ts';
import { writeInitial } from '../../runtime/maps/initial.ts';
import { isStructOps } from '../../runtime/maps/kinds.ts';
import { btfObjectOf } from '../btf.ts';
import { asCommand, refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { putTarget } from '../maps/elements.ts';
import { MapObject } from '../maps/map.ts';
import { progLoad } from './load.ts';
import type { ProgObject } from './prog.ts';

export interface ObjectLoadOptions {
  /** Descriptors of maps that are used in the place of those of the object, by name. */
  readonly mapFds?: Readonly<Record<string, number>>;
  /** Programs that are loaded, or not, by name (bpf_program__set_autoload). Default: all but those of sections `?…`. */
  readonly autoload?: Readonly<Record<string, boolean>>;
  /** Maps that are made, or not, by name (bpf_map__set_autocreate). Default: all. */
  readonly autocreate?: Readonly<Record<string, boolean>>;
}

/** Descriptors of what an object file has brought, by name. */
export interface LoadedObject {
  readonly maps: ReadonlyMap<string, number>;
  readonly progs: ReadonlyMap<string, number>;
}

const COMMAND = 'MAP_CREATE';

/** A map of the host's takes the place of one that looks like it (bpf_map__reuse_fd, map creation of libbpf). */
function reuse(kernel: Kernel, spec: MapSpec, fd: number): MapObject {
  const map = kernel.fds.get(COMMAND, fd, 'map').object as MapObject;
  const alike = (['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const).every(
    (field) => map.spec[field] === spec[field],
  );
  if (alike) return map;
  return refuse(COMMAND, EINVAL, `map ${map.id} is not of the shape that "${spec.name}" has in the object`);
}

function create({ engine, maps, btfs }: Kernel, declared: MapSpec): MapObject {
  const spec = { ...declared, maxEntries: defaultEntries(engine, declared) };
  const raw = asCommand(COMMAND, () => engine.createMap(spec));
  writeInitial(engine, raw);
  const btf = spec.btf && btfObjectOf(btfs, spec.btf);
  return new MapObject(engine, maps, maps.take(), { spec, btf, raw, frozen: spec.frozen ?? false });
}

function refuseUnknown(
  what: string,
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(COMMAND, EINVAL, `the object has no ${what} "${unknown}"`);
}

/** The maps of an object, each made when it is first asked for. */
class ObjectMaps {
  readonly fds = new Map<string, number>();
  readonly #kernel: Kernel;
  readonly #specs: readonly MapSpec[];
  readonly #given: Readonly<Record<string, number>>;
  readonly #autocreate: Readonly<Record<string, boolean>>;

  constructor(kernel: Kernel, specs: readonly MapSpec[], options: ObjectLoadOptions) {
    this.#kernel = kernel;
    this.#specs = specs;
    this.#given = options.mapFds ?? {};
    this.#autocreate = options.autocreate ?? {};
    const names = specs.map(({ name }) => name);
    refuseUnknown('map', this.#given, names);
    refuseUnknown('map', this.#autocreate, names);
  }

  /** Those that are made though no program asks for them. */
  get made(): readonly string[] {
    return this.#specs.map(({ name }) => name).filter((name) => this.#autocreate[name] !== false);
  }

  fdOf(name: string): number {
    const known = this.fds.get(name);
    if (known !== undefined) return known;
    const spec = this.#specs.find((one) => one.name === name);
    if (spec === undefined) return refuse(COMMAND, EINVAL, `the object has no map "${name}"`);
    const given = this.#given[name];
    if (given === undefined && this.#autocreate[name] === false)
      return refuse(COMMAND, EINVAL, `map "${name}" is used, but autocreate says that it is not made`);
    const map = given === undefined ? create(this.#kernel, spec) : reuse(this.#kernel, spec, given);
    const fd = this.#kernel.fds.add(map);
    this.fds.set(name, fd);
    if (given === undefined) this.#fill(map);
    return fd;
  }

  at(name: string): MapObject {
    return this.#kernel.fds.get(COMMAND, this.fdOf(name), 'map').object as MapObject;
  }

  #fill(map: MapObject): void {
    for (const { kind, index, name } of map.spec.slots ?? [])
      if (kind === 'map') putTarget('MAP_UPDATE_ELEM', map, u32Bytes(index), this.at(name));
  }
}

function fillProgramArrays(kernel: Kernel, maps: ObjectMaps, progs: ReadonlyMap<string, number>): void {
  for (const name of maps.fds.keys()) {
    const map = maps.at(name);
    // Tables of callbacks name their programs, and hold none.
    if (isStructOps(map.spec.type)) continue;
    for (const { kind, index, name: program } of map.spec.slots ?? []) {
      const fd = kind === 'program' ? progs.get(program) : undefined;
      if (fd === undefined) continue;
      const { object } = kernel.fds.get('MAP_UPDATE_ELEM', fd, 'prog');
      putTarget('MAP_UPDATE_ELEM', map, u32Bytes(index), object as ProgObject);
    }
  }
}

/**
 * Loads the programs of an object file, with their maps.
 * @throws WebpfError 'syscall' with the number that the kernel has for it; what was made before is given back
 */
export async function loadObject(
  kernel: Kernel,
  file: ObjectFile,
  options: ObjectLoadOptions,
): Promise<LoadedObject> {
  const { autoload = {} } = options;
  refuseUnknown(
    'program',
    autoload,
    file.programs.map(({ name }) => name),
  );
  const maps = new ObjectMaps(kernel, file.maps, options);
  const progs = new Map<string, number>();
  const load = async (program: Program): Promise<number> =>
    progLoad(kernel, { program, mapFds: program.maps.map(({ name }) => maps.fdOf(name)) });
  try {
    for (const program of file.programs.filter((one) => autoload[one.name] ?? one.autoload))
      progs.set(program.name, await load(program));
    for (const name of maps.made) maps.fdOf(name);
    fillProgramArrays(kernel, maps, progs);
    return { maps: maps.fds, progs };
  } catch (error) {
    for (const fd of [...progs.values(), ...maps.fds.values()]) kernel.fds.close(fd).dropUser();
    throw error;
  }
}

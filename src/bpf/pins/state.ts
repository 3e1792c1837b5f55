/** What is pinned, as plain data: names, the objects they lead to, and all that these lead to. */
import * as abi from '../../abi/maps.ts';
import type { Btf } from '../../frontend/btf/types.ts';
import type { MapSpec, Program } from '../../frontend/program.ts';
import { writeInitial } from '../../runtime/maps/initial.ts';
import { isMapOfMaps, isProgramArray, isQueue, isStorage } from '../../runtime/maps/kinds.ts';
import { BtfObject } from '../btf.ts';
import type { Kernel } from '../kernel.ts';
import { LinkObject } from '../links/link.ts';
import { putTarget } from '../maps/elements.ts';
import { MapObject } from '../maps/map.ts';
import type { KernelObject, ObjectKind } from '../objects.ts';
import { ProgObject } from '../programs/prog.ts';

interface SavedMap {
  readonly id: number;
  readonly spec: MapSpec;
  readonly btfId: number | undefined;
  readonly frozen: boolean;
  /** Elements, oldest first; of queues and stacks the values alone, in the order to push them. */
  readonly contents: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  /** Ids of what entries lead to, in prog_arrays and maps of maps. */
  readonly entries: readonly (readonly [key: Uint8Array, kind: 'map' | 'prog', id: number])[];
}

interface SavedProg {
  readonly id: number;
  readonly program: Program;
  readonly name: string;
  readonly loadedAt: bigint;
  readonly mapIds: readonly number[];
}

interface SavedLink {
  readonly id: number;
  readonly progId: number;
  readonly target: string;
  readonly attachType: string;
}

export interface Saved {
  readonly next: Readonly<Record<ObjectKind, number>>;
  readonly btfs: readonly { readonly id: number; readonly btf: Btf; readonly name: string }[];
  readonly maps: readonly SavedMap[];
  readonly progs: readonly SavedProg[];
  readonly links: readonly SavedLink[];
  readonly pins: readonly (readonly [name: string, kind: KernelObject['kind'], id: number])[];
}

/** Their contents are the moment's, or nobody can read them: maps of these types are found empty again. */
const TRANSIENT: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_RINGBUF,
  abi.MAP_TYPE_USER_RINGBUF,
  abi.MAP_TYPE_PERF_EVENT_ARRAY,
  abi.MAP_TYPE_STACK_TRACE,
  abi.MAP_TYPE_BLOOM_FILTER,
  abi.MAP_TYPE_ARENA,
  // What it holds is in its definition.
  abi.MAP_TYPE_STRUCT_OPS,
]);

function contentsOf({ spec, raw, entries }: MapObject): SavedMap['contents'] {
  if (entries !== undefined || TRANSIENT.has(spec.type)) return [];
  // What belongs to objects goes with them, and they with the process.
  if (isStorage(spec.type)) return [];
  if (!isQueue(spec.type)) return [...raw.entries()].map(([key, value]) => [key.slice(), value.slice()]);
  const values: Uint8Array[] = [];
  for (let value = raw.pop(); value !== undefined; value = raw.pop()) values.push(value);
  if (spec.type === abi.MAP_TYPE_STACK) values.reverse();
  for (const value of values) raw.push(value);
  return values.map((value) => [new Uint8Array(), value]);
}

const savedMap = (map: MapObject): SavedMap => ({
  id: map.id,
  spec: { ...map.spec, btf: undefined },
  btfId: map.btf?.id,
  frozen: map.frozen,
  contents: contentsOf(map),
  entries: [...map.targets()].map(([key, { kind, id }]) => [key, kind, id]),
});

const savedProg = ({ id, program, name, loadedAt, maps }: ProgObject): SavedProg => ({
  id,
  // Its maps are objects of their own.
  program: { ...program, maps: [] },
  name,
  loadedAt,
  mapIds: maps.map((map) => map.id),
});

/** The objects that pins keep alive, those they lead to included. */
function reachable(pinned: Iterable<KernelObject>): Set<KernelObject> {
  const found = new Set<KernelObject>(pinned);
  for (const object of found) {
    if (object instanceof LinkObject) found.add(object.prog);
    if (object instanceof ProgObject) for (const map of object.maps) found.add(map);
    if (object instanceof MapObject) {
      for (const [, target] of object.targets()) found.add(target);
      if (object.btf !== undefined) found.add(object.btf);
    }
  }
  return found;
}

/** Everything that is pinned, now. */
export function saveState(kernel: Kernel, pins: ReadonlyMap<string, KernelObject>): Saved {
  const objects = [...reachable(pins.values())];
  const of = <T extends KernelObject>(type: abstract new (...args: never[]) => T): T[] =>
    objects.filter((one): one is T => one instanceof type);
  return {
    next: {
      map: kernel.maps.next,
      prog: kernel.progs.next,
      btf: kernel.btfs.next,
      link: kernel.links.next,
    },
    btfs: of(BtfObject).map(({ id, btf, name }) => ({ id, btf, name })),
    maps: of(MapObject).map(savedMap),
    progs: of(ProgObject).map(savedProg),
    links: of(LinkObject).map(({ id, prog, target, attachType }) => ({
      id,
      progId: prog.id,
      target,
      attachType,
    })),
    pins: [...pins].map(([name, { kind, id }]) => [name, kind, id]),
  };
}

/** Inner maps before the maps that hold them. */
const innerFirst = (maps: readonly SavedMap[]): SavedMap[] =>
  [...maps].sort((a, b) => Number(isMapOfMaps(a.spec.type)) - Number(isMapOfMaps(b.spec.type)));

function restoreMap(kernel: Kernel, saved: SavedMap): void {
  const { engine, maps, btfs } = kernel;
  const btf = saved.btfId === undefined ? undefined : btfs.get(saved.btfId);
  const spec: MapSpec = { ...saved.spec, btf: btf?.btf };
  const raw = engine.createMap(spec);
  writeInitial(engine, raw);
  const map = new MapObject(engine, maps, saved.id, { spec, btf, raw });
  for (const [key, value] of saved.contents) {
    if (isQueue(spec.type)) raw.push(value);
    else raw.update(key, value);
  }
  map.frozen = saved.frozen;
}

function restoreEntries(kernel: Kernel, { id, entries }: SavedMap): void {
  const map = kernel.maps.get(id);
  if (map === undefined) return;
  for (const [key, kind, target] of entries) {
    const object = kind === 'map' ? kernel.maps.get(target) : kernel.progs.get(target);
    if (object !== undefined) putTarget('OBJ_GET', map, key, object);
  }
}

/** Makes the objects anew, with the ids that they had. Programs are verified and translated when they are run. */
export function restoreState(kernel: Kernel, saved: Saved): Map<string, KernelObject> {
  const { maps, progs, btfs, links } = kernel;
  for (const { id, btf, name } of saved.btfs)
    new BtfObject(btfs, id, { btf, bytes: undefined, name, strings: undefined });
  for (const map of innerFirst(saved.maps)) restoreMap(kernel, map);
  for (const { id, program, name, loadedAt, mapIds } of saved.progs) {
    const own = mapIds.flatMap((mapId) => maps.get(mapId) ?? []);
    const whole = { ...program, maps: own.map((map) => map.verified) };
    new ProgObject(kernel, id, { program: whole, maps: own, btf: undefined, loadedAt, name });
  }
  for (const map of saved.maps)
    if (isProgramArray(map.spec.type) || isMapOfMaps(map.spec.type)) restoreEntries(kernel, map);
  for (const { id, progId, target, attachType } of saved.links) {
    const prog = progs.get(progId);
    if (prog !== undefined) new LinkObject(kernel, id, { prog, target, attachType });
  }
  const tables = { map: maps, prog: progs, btf: btfs, link: links } as const;
  for (const kind of ['map', 'prog', 'btf', 'link'] as const) tables[kind].skip(saved.next[kind] - 1);
  return new Map(
    saved.pins.flatMap(([name, kind, id]): [string, KernelObject][] => {
      const object = kind === 'stats' ? undefined : tables[kind].get(id);
      return object === undefined ? [] : [[name, object]];
    }),
  );
}

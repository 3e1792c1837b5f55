import {
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_WRONLY,
  EINVAL,
  MAP_TYPE_ARENA,
  MAP_TYPE_BLOOM_FILTER,
} from '../../abi/maps.ts';
import { resolve, sizeOf } from '../../frontend/btf/lookup.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { isMapOfMaps, isStorage } from '../../runtime/maps/kinds.ts';
import type { BtfObject } from '../btf.ts';
import type { Access } from '../descriptors.ts';
import { asCommand, refuse } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { checkName } from '../names.ts';
import { MapObject } from './map.ts';

/** What MAP_CREATE takes: the fields of `union bpf_attr`. */
export interface MapCreate {
  /** enum bpf_map_type: `abi.MAP_TYPE_HASH`, … */
  readonly mapType: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly mapFlags?: number;
  /** For maps of maps: a map that inner maps must look like. */
  readonly innerMapFd?: number;
  readonly numaNode?: number;
  readonly mapName?: string;
  /** Ids of types in `btfFd`. */
  readonly btfFd?: number;
  readonly btfKeyTypeId?: number;
  readonly btfValueTypeId?: number;
  readonly mapExtra?: bigint;
}

const COMMAND = 'MAP_CREATE';
const TAKES_EXTRA: ReadonlySet<number> = new Set([MAP_TYPE_BLOOM_FILTER, MAP_TYPE_ARENA]);

export function accessOf(command: string, flags: number): Access {
  const only = flags & (BPF_F_RDONLY | BPF_F_WRONLY);
  if (only === (BPF_F_RDONLY | BPF_F_WRONLY))
    return refuse(command, EINVAL, 'BPF_F_RDONLY and BPF_F_WRONLY exclude each other');
  return { read: only !== BPF_F_WRONLY, write: only !== BPF_F_RDONLY };
}

/** In the kernel's order (map_create). */
function check(attr: MapCreate): Access {
  const { btfKeyTypeId = 0, btfValueTypeId = 0, mapExtra = 0n, mapFlags = 0, numaNode = 0 } = attr;
  if (btfKeyTypeId !== 0 && btfValueTypeId === 0)
    refuse(COMMAND, EINVAL, 'btfKeyTypeId needs btfValueTypeId beside it');
  if (isStorage(attr.mapType) && btfKeyTypeId === 0)
    refuse(COMMAND, EINVAL, 'local storage maps need btfKeyTypeId and btfValueTypeId');
  if (mapExtra !== 0n && !TAKES_EXTRA.has(attr.mapType))
    refuse(COMMAND, EINVAL, 'mapExtra is for bloom filters and arenas');
  const access = accessOf(COMMAND, mapFlags);
  if ((mapFlags & BPF_F_NUMA_NODE) !== 0 && numaNode !== 0)
    refuse(COMMAND, EINVAL, `there is one NUMA node, 0, and no node ${numaNode}`);
  return access;
}

/** @see map_check_btf */
function checkTypes({ btf }: BtfObject, attr: MapCreate): void {
  const { btfKeyTypeId = 0, btfValueTypeId = 0 } = attr;
  const checkSize = (what: string, id: number, size: number): void => {
    if (id >= btf.types.length || id === 0) refuse(COMMAND, EINVAL, `the BTF has no type ${id} for ${what}`);
    const kind = resolve(btf, id).kind;
    if (
      kind === 'void' ||
      kind === 'func' ||
      kind === 'funcProto' ||
      kind === 'fwd' ||
      sizeOf(btf, id) !== size
    )
      refuse(COMMAND, EINVAL, `BTF type ${id} has not the ${size} bytes of ${what}`);
  };
  if (btfKeyTypeId !== 0) checkSize('keys', btfKeyTypeId, attr.keySize);
  checkSize('values', btfValueTypeId, attr.valueSize);
}

function specOf(attr: MapCreate, btf: BtfObject | undefined, inner: MapSpec | undefined): MapSpec {
  return {
    name: attr.mapName ?? '',
    type: attr.mapType,
    keySize: attr.keySize,
    valueSize: attr.valueSize,
    maxEntries: attr.maxEntries,
    flags: attr.mapFlags ?? 0,
    mapExtra: attr.mapExtra,
    numaNode: attr.numaNode,
    keyTypeId: attr.btfKeyTypeId,
    valueTypeId: attr.btfValueTypeId,
    btf: btf?.btf,
    inner,
    section: '',
  };
}

/** Makes the map; its descriptor is the first reference to it. */
export function mapCreate(kernel: Kernel, attr: MapCreate): number {
  const access = check(attr);
  const { engine, maps, fds } = kernel;
  const template = isMapOfMaps(attr.mapType)
    ? (fds.get(COMMAND, attr.innerMapFd ?? 0, 'map').object as MapObject)
    : undefined;
  const hasTypes = (attr.btfKeyTypeId ?? 0) !== 0 || (attr.btfValueTypeId ?? 0) !== 0;
  const btf = hasTypes ? (fds.get(COMMAND, attr.btfFd ?? 0, 'btf').object as BtfObject) : undefined;
  const spec = specOf(attr, btf, template?.spec);
  checkName(COMMAND, spec.name);
  if (btf !== undefined) checkTypes(btf, attr);
  const raw = asCommand(COMMAND, () => engine.createMap(spec, template?.raw.address));
  const map = new MapObject(engine, maps, maps.take(), { spec, btf, raw });
  return fds.add(map, access);
}

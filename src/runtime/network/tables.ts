/** The maps that the host's network is in: made by the first engine that asks for it, found by those that share memory. */
import * as layout from '../../abi/layout.ts';
import { BPF_F_NO_PREALLOC, MAP_TYPE_HASH, MAP_TYPE_LPM_TRIE } from '../../abi/maps.ts';
import * as abi from '../../abi/network.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { mapError } from '../errno.ts';
import { type MapHost, RawMap } from '../maps/raw.ts';
import type { LinearMemory } from '../memory.ts';

/** Most interfaces, routes of a family, and neighbours. */
export const MAX_DEVICES = 4096;
export const MAX_ROUTES = 65_536;
export const MAX_NEIGHBOURS = 65_536;

interface Table extends MapSpec {
  /** Where the header has its address. */
  readonly header: number;
}

const table = (
  name: string,
  header: number,
  type: number,
  sizes: readonly [key: number, value: number, max: number],
): Table => {
  const [keySize, valueSize, maxEntries] = sizes;
  const flags = type === MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0;
  return { name, header, type, keySize, valueSize, maxEntries, flags, section: '' };
};

const TABLES = {
  devices: table('network devices', abi.HDR_DEVICES, MAP_TYPE_HASH, [4, abi.DEVICE_SIZE, MAX_DEVICES]),
  routes4: table('IPv4 routes', abi.HDR_ROUTES4, MAP_TYPE_LPM_TRIE, [
    abi.ROUTE_KEY4_SIZE,
    abi.ROUTE_SIZE,
    MAX_ROUTES,
  ]),
  routes6: table('IPv6 routes', abi.HDR_ROUTES6, MAP_TYPE_LPM_TRIE, [
    abi.ROUTE_KEY6_SIZE,
    abi.ROUTE_SIZE,
    MAX_ROUTES,
  ]),
  neighbours: table('neighbours', abi.HDR_NEIGHBOURS, MAP_TYPE_HASH, [
    abi.NEIGHBOUR_KEY_SIZE,
    abi.NEIGHBOUR_SIZE,
    MAX_NEIGHBOURS,
  ]),
} as const;

export interface NetworkHost extends MapHost {
  /** @throws WebpfError 'bad-argument' once memory is shared */
  assertOwn(what: string): void;
}

/** @throws WebpfError 'map-operation' with ENOMEM where linear memory has no room */
function open(spec: Table, host: NetworkHost): RawMap {
  const { memory, exports } = host;
  const at = layout.HEADER + spec.header;
  if (memory.u32(at) === 0) {
    host.assertOwn('begin to have a network');
    const { type, keySize, valueSize, maxEntries, flags } = spec;
    const made = exports.mapCreate(type, keySize, valueSize, maxEntries, flags, 0);
    if (made < 0 && made > -4096) throw mapError(spec.name, 'creation', made);
    memory.setU32(at, made >>> 0);
  }
  return new RawMap(spec, memory.u32(at), host);
}

/** Whether an engine of this memory has made the tables. */
export const hasNetwork = (memory: LinearMemory): boolean =>
  memory.u32(layout.HEADER + abi.HDR_DEVICES) !== 0;

export type NetworkTables = Readonly<Record<keyof typeof TABLES, RawMap>>;

export const openTables = (host: NetworkHost): NetworkTables => ({
  devices: open(TABLES.devices, host),
  routes4: open(TABLES.routes4, host),
  routes6: open(TABLES.routes6, host),
  neighbours: open(TABLES.neighbours, host),
});

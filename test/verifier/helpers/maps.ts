import * as abi from '../../../src/abi/maps.ts';
import { isRefusal, type KernelJudge } from '../../kernel/kernel.ts';
import { INT_TYPE, MAP_BTF, SPECIAL_VALUE, SPECIAL_VALUE_TYPE } from './mapBtf.ts';

/** type, key size, value size, entries, flags, and for maps with BTF the id of the value's type. */
type Shape = readonly [
  type: number,
  key: number,
  value: number,
  entries: number,
  flags?: number,
  valueType?: number,
];

const RDONLY_PROG = 1 << 7;
const WRONLY_PROG = 1 << 8;
const NO_PREALLOC = 1;

/** Bytes of the plain keys and values. */
export const KEY_SIZE = 4;
export const VALUE_SIZE = 8;

/** Maps the programs of these tests use, by name. */
const SHAPES = {
  array: [abi.MAP_TYPE_ARRAY, 4, VALUE_SIZE, 1],
  readOnly: [abi.MAP_TYPE_ARRAY, 4, VALUE_SIZE, 1, RDONLY_PROG],
  writeOnly: [abi.MAP_TYPE_ARRAY, 4, VALUE_SIZE, 1, WRONLY_PROG],
  text: [abi.MAP_TYPE_ARRAY, 4, VALUE_SIZE, 1, RDONLY_PROG],
  special: [abi.MAP_TYPE_ARRAY, 4, SPECIAL_VALUE.size, 1, 0, SPECIAL_VALUE_TYPE],
  hash: [abi.MAP_TYPE_HASH, 4, VALUE_SIZE, 1],
  perCpuHash: [abi.MAP_TYPE_PERCPU_HASH, 4, VALUE_SIZE, 1],
  lru: [abi.MAP_TYPE_LRU_HASH, 4, VALUE_SIZE, 1],
  lruPerCpu: [abi.MAP_TYPE_LRU_PERCPU_HASH, 4, VALUE_SIZE, 1],
  prefixes: [abi.MAP_TYPE_LPM_TRIE, 8, VALUE_SIZE, 1, NO_PREALLOC],
  cpus: [abi.MAP_TYPE_CPUMAP, 4, 4, 1],
  deviceHash: [abi.MAP_TYPE_DEVMAP_HASH, 4, 4, 1],
  perCpuStorage: [abi.MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, VALUE_SIZE, 0],
  stack: [abi.MAP_TYPE_STACK, 0, VALUE_SIZE, 1],
  bloom: [abi.MAP_TYPE_BLOOM_FILTER, 0, VALUE_SIZE, 1],
  perCpu: [abi.MAP_TYPE_PERCPU_ARRAY, 4, VALUE_SIZE, 1],
  queue: [abi.MAP_TYPE_QUEUE, 0, VALUE_SIZE, 1],
  programs: [abi.MAP_TYPE_PROG_ARRAY, 4, 4, 1],
  perfEvents: [abi.MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1],
  stackTraces: [abi.MAP_TYPE_STACK_TRACE, 4, VALUE_SIZE, 1],
  cgroups: [abi.MAP_TYPE_CGROUP_ARRAY, 4, 4, 1],
  devices: [abi.MAP_TYPE_DEVMAP, 4, 4, 1],
  sockets: [abi.MAP_TYPE_SOCKMAP, 4, 4, 1],
  socketHash: [abi.MAP_TYPE_SOCKHASH, 4, 4, 1],
  xskSockets: [abi.MAP_TYPE_XSKMAP, 4, 4, 1],
  cgroupStorage: [abi.MAP_TYPE_CGROUP_STORAGE, 8, VALUE_SIZE, 0],
  reuseport: [abi.MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 1],
  socketStorage: [abi.MAP_TYPE_SK_STORAGE, 4, 4, 0, NO_PREALLOC, INT_TYPE],
  ring: [abi.MAP_TYPE_RINGBUF, 0, 0, 4096],
  inodeStorage: [abi.MAP_TYPE_INODE_STORAGE, 4, 4, 0, NO_PREALLOC, INT_TYPE],
  taskStorage: [abi.MAP_TYPE_TASK_STORAGE, 4, 4, 0, NO_PREALLOC, INT_TYPE],
  userRing: [abi.MAP_TYPE_USER_RINGBUF, 0, 0, 4096],
  cgroupLocal: [abi.MAP_TYPE_CGRP_STORAGE, 4, 4, 0, NO_PREALLOC, INT_TYPE],
} as const satisfies Record<string, Shape>;

export type MapName = keyof typeof SHAPES;

const BY_HELPER: Readonly<Record<string, MapName>> = {
  map_push_elem: 'queue',
  map_pop_elem: 'queue',
  map_peek_elem: 'queue',
  map_lookup_percpu_elem: 'perCpu',
  tail_call: 'programs',
  perf_event_read: 'perfEvents',
  perf_event_read_value: 'perfEvents',
  perf_event_output: 'perfEvents',
  skb_output: 'perfEvents',
  xdp_output: 'perfEvents',
  get_stackid: 'stackTraces',
  skb_under_cgroup: 'cgroups',
  current_task_under_cgroup: 'cgroups',
  redirect_map: 'devices',
  sk_redirect_map: 'sockets',
  msg_redirect_map: 'sockets',
  sock_map_update: 'sockets',
  sk_redirect_hash: 'socketHash',
  msg_redirect_hash: 'socketHash',
  sock_hash_update: 'socketHash',
  sk_select_reuseport: 'reuseport',
  ringbuf_output: 'ring',
  ringbuf_reserve: 'ring',
  ringbuf_query: 'ring',
  ringbuf_reserve_dynptr: 'ring',
  user_ringbuf_drain: 'userRing',
  timer_init: 'special',
  get_local_storage: 'cgroupStorage',
  sk_storage_get: 'socketStorage',
  sk_storage_delete: 'socketStorage',
  inode_storage_get: 'inodeStorage',
  inode_storage_delete: 'inodeStorage',
  task_storage_get: 'taskStorage',
  task_storage_delete: 'taskStorage',
  cgrp_storage_get: 'cgroupLocal',
  cgrp_storage_delete: 'cgroupLocal',
};

/** A map that the helper (without `bpf_`) takes. */
export const mapFor = (helper: string): MapName => BY_HELPER[helper] ?? 'array';

export const valueSize = (map: MapName): number => SHAPES[map][2];

export type MapIds = Readonly<Record<MapName, number>>;

async function create(judge: KernelJudge, mapName: string, shape: Shape): Promise<number> {
  const [type, keySize, valueSize, maxEntries, flags = 0, valueTypeId] = shape;
  const made =
    valueTypeId === undefined
      ? await judge.map(type, keySize, valueSize, maxEntries, flags)
      : await judge.typedMap({
          ...{ type, keySize, valueSize, maxEntries, flags, valueTypeId },
          ...{ keyTypeId: INT_TYPE, btf: MAP_BTF },
        });
  if (isRefusal(made)) throw new Error(`the kernel refuses map ${mapName}: errno ${made.errno}`);
  return made.id;
}

/** Makes all of them, and fills and freezes the one with a constant text. */
export async function createMaps(judge: KernelJudge): Promise<MapIds> {
  const ids: [string, number][] = [];
  for (const [mapName, shape] of Object.entries(SHAPES))
    ids.push([mapName, await create(judge, mapName, shape)]);
  const maps = Object.fromEntries(ids) as Record<MapName, number>;
  await judge.update(maps.text, new Uint8Array(4), Buffer.from('text\0\0\0\0'), 0);
  await judge.freeze(maps.text);
  return maps;
}

/** For programs that no kernel gets to see. */
export const NO_MAPS = Object.fromEntries(Object.keys(SHAPES).map((mapName) => [mapName, 0])) as MapIds;

/** Names of one map of each type. */
export const MAP_OF_TYPE: ReadonlyMap<number, MapName> = new Map(
  (Object.keys(SHAPES) as MapName[]).map((mapName) => [SHAPES[mapName][0], mapName] as const).reverse(),
);

import * as abi from '../../abi/maps.ts';
import type { ProgramType } from '../../frontend/program.ts';
import { HELPER_NAMES } from '../../isa/helpers.ts';
import { isAt } from './availability.ts';
import type { HelperSite, Where } from './types.ts';

/**
 * Which helpers take which map types. Both sides must agree: a map type may name the only helpers that take it, a
 * helper the only map types it takes (check_map_func_compatibility of kernel/bpf/verifier.c).
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const PERF = words('perf_event_read perf_event_read_value perf_event_output skb_output xdp_output');
const RING = words(`
  ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr ringbuf_submit_dynptr
  ringbuf_discard_dynptr`);
const CGROUP = words('skb_under_cgroup current_task_under_cgroup');
const SOCKMAP = words('sk_redirect_map sock_map_update msg_redirect_map');
const SOCKHASH = words('sk_redirect_hash sock_hash_update msg_redirect_hash');
const SOCKETS = words('sk_select_reuseport map_lookup_elem map_update_elem map_delete_elem');
const QUEUE = words('map_push_elem map_pop_elem map_peek_elem');
const DEVICE = words('redirect_map map_lookup_elem');
const storage = (owner: string): readonly string[] => words(`${owner}_storage_get ${owner}_storage_delete`);

/** Map types that only these helpers take. */
const HELPERS_OF_MAP: ReadonlyMap<number, readonly string[]> = new Map([
  [abi.MAP_TYPE_PROG_ARRAY, ['tail_call']],
  [abi.MAP_TYPE_PERF_EVENT_ARRAY, PERF],
  [abi.MAP_TYPE_STACK_TRACE, ['get_stackid']],
  [abi.MAP_TYPE_CGROUP_ARRAY, CGROUP],
  [abi.MAP_TYPE_ARRAY_OF_MAPS, ['map_lookup_elem']],
  [abi.MAP_TYPE_HASH_OF_MAPS, ['map_lookup_elem']],
  [abi.MAP_TYPE_DEVMAP, DEVICE],
  [abi.MAP_TYPE_DEVMAP_HASH, DEVICE],
  [abi.MAP_TYPE_CPUMAP, ['redirect_map']],
  [abi.MAP_TYPE_XSKMAP, DEVICE],
  [abi.MAP_TYPE_SOCKMAP, [...SOCKMAP, ...SOCKETS]],
  [abi.MAP_TYPE_SOCKHASH, [...SOCKHASH, ...SOCKETS]],
  [abi.MAP_TYPE_REUSEPORT_SOCKARRAY, ['sk_select_reuseport']],
  [abi.MAP_TYPE_CGROUP_STORAGE, ['get_local_storage']],
  [abi.MAP_TYPE_PERCPU_CGROUP_STORAGE, ['get_local_storage']],
  [abi.MAP_TYPE_QUEUE, QUEUE],
  [abi.MAP_TYPE_STACK, QUEUE],
  [abi.MAP_TYPE_BLOOM_FILTER, words('map_push_elem map_peek_elem')],
  [abi.MAP_TYPE_RINGBUF, RING],
  [abi.MAP_TYPE_USER_RINGBUF, ['user_ringbuf_drain']],
  [abi.MAP_TYPE_SK_STORAGE, storage('sk')],
  [abi.MAP_TYPE_INODE_STORAGE, storage('inode')],
  [abi.MAP_TYPE_TASK_STORAGE, storage('task')],
  [abi.MAP_TYPE_CGRP_STORAGE, storage('cgrp')],
]);

const PER_CPU = [abi.MAP_TYPE_PERCPU_HASH, abi.MAP_TYPE_PERCPU_ARRAY, abi.MAP_TYPE_LRU_PERCPU_HASH];
const ITERABLE = [abi.MAP_TYPE_HASH, abi.MAP_TYPE_ARRAY, abi.MAP_TYPE_LRU_HASH, ...PER_CPU];

/** Helpers that take any map type which does not object. */
const ALL_MAPS = words('map_lookup_elem map_update_elem map_delete_elem timer_init');

/** Map types each helper takes that are not said from the side of the map. */
const MORE_MAPS: Readonly<Record<string, readonly number[]>> = {
  map_lookup_percpu_elem: PER_CPU,
  for_each_map_elem: ITERABLE,
};

/** Programs that may change a sockmap or sockhash by the general helpers (may_update_sockmap). */
const SOCKMAP_UPDATERS: readonly ProgramType[] = [
  'socket_filter',
  'sched_cls',
  'sched_act',
  'xdp',
  'sk_reuseport',
  'flow_dissector',
  'sk_lookup',
];
const UPDATE: readonly Where[] = [
  { types: SOCKMAP_UPDATERS },
  { types: ['tracing'], attachTypes: ['trace_iter'] },
];
const DELETE: readonly Where[] = [...UPDATE, { types: ['sock_ops'] }];

function mayChangeSockets(helper: string, site: HelperSite): boolean {
  if (helper === 'map_update_elem') return UPDATE.some((where) => isAt(where, site));
  return helper !== 'map_delete_elem' || DELETE.some((where) => isAt(where, site));
}

const isSocketMap = (type: number): boolean =>
  type === abi.MAP_TYPE_SOCKMAP || type === abi.MAP_TYPE_SOCKHASH;

function takes(helper: string, mapType: number): boolean {
  const only = HELPERS_OF_MAP.get(mapType);
  if (only !== undefined) return only.includes(helper);
  return ALL_MAPS.includes(helper) || (MORE_MAPS[helper]?.includes(mapType) ?? false);
}

/**
 * Why the helper does not take a map of this type (enum bpf_map_type) in such a program, in the kernel's words;
 * undefined when it does. Only for helpers with a `map` argument.
 */
export function mapTypeRefusal(id: number, mapType: number, site: HelperSite): string | undefined {
  const open = HELPERS_OF_MAP.get(mapType) === undefined;
  const name = HELPER_NAMES[id];
  // A helper of a host's own says which maps it takes by taking one: all that do not object.
  if (name === undefined) return open ? undefined : `cannot pass map_type ${mapType} into func #${id}`;
  const helper = name.slice('bpf_'.length);
  if (helper === 'for_each_map_elem' && open && !ITERABLE.includes(mapType))
    return 'callback function not allowed for map';
  if (!takes(helper, mapType)) return `cannot pass map_type ${mapType} into func ${name}#${id}`;
  if (isSocketMap(mapType) && !mayChangeSockets(helper, site)) return 'cannot update sockmap in this context';
  return undefined;
}

import type { ProgramType } from '../../frontend/program.ts';
import { HELPER_NAMES } from '../../isa/helpers.ts';
import { grantedHelpers, isAt, typesGranted } from './availability.ts';
import { ENVIRONMENT } from './tables/environment.ts';
import { MAPS } from './tables/maps.ts';
import { PACKETS } from './tables/packets.ts';
import { SOCKETS } from './tables/sockets.ts';
import { STORAGE } from './tables/storage.ts';
import { TRACING } from './tables/tracing.ts';
import type { Helper, HelperRow, HelperSite, HelperTable, Prototype, Result } from './types.ts';

const TABLES: HelperTable = { ...MAPS, ...STORAGE, ...ENVIRONMENT, ...TRACING, ...PACKETS, ...SOCKETS };
const INTEGER: Result = { kind: 'integer' };

function helperOf(id: number, name: string, row: HelperRow): Helper {
  const { args, result = INTEGER, gplOnly = false } = row;
  return {
    id,
    name,
    args,
    result,
    gplOnly,
    changesPacket: row.changesPacket ?? false,
    packetAccess: row.packetAccess ?? false,
    mightSleep: row.mightSleep ?? false,
    fastcall: row.fastcall ?? false,
    refusedByConfig: row.refusedByConfig,
    checks: row.checks,
    variants: (row.variants ?? []).map(({ where, ...own }) => ({
      where,
      prototype: { args: own.args ?? args, result, gplOnly: own.gplOnly ?? gplOnly },
    })),
  };
}

const stem = (name: string): string => name.slice('bpf_'.length);

function build(): ReadonlyMap<number, Helper> {
  const rows = HELPER_NAMES.map((name, id) => ({ id, name, row: TABLES[stem(name)] }));
  return new Map(
    rows.flatMap(({ id, name, row }) => (row === undefined ? [] : [[id, helperOf(id, name, row)] as const])),
  );
}

/** Every helper of Linux 6.18 by id. */
export const HELPERS: ReadonlyMap<number, Helper> = build();

/** What the helper takes and gives in such a program; undefined for an id the kernel does not have. */
export function prototypeOf(id: number, site: HelperSite): Prototype | undefined {
  const helper = HELPERS.get(id);
  return helper?.variants.find(({ where }) => isAt(where, site))?.prototype ?? helper;
}

const grants = new Map<string, ReadonlySet<string>>();

function granted(site: HelperSite): ReadonlySet<string> {
  const key = `${site.type} ${site.attachType ?? ''} ${site.sleepable ?? false} ${site.perfmon ?? true}`;
  const found = grants.get(key) ?? grantedHelpers(site);
  grants.set(key, found);
  return found;
}

/** Ids of the helpers that the kernel hands a program of this kind, whatever its license. */
export function helpersAt(site: HelperSite): readonly number[] {
  const names = granted(site);
  return [...HELPERS.values()].filter(({ name }) => names.has(stem(name))).map(({ id }) => id);
}

/** Helpers for users without CAP_BPF (bpf_base_func_proto, before it asks for the capability). */
const UNPRIVILEGED: ReadonlySet<string> = new Set(
  `map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem
  map_lookup_percpu_elem get_prandom_u32 get_smp_processor_id get_numa_node_id tail_call ktime_get_ns
  ktime_get_boot_ns ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query strncmp strtol
  strtoul get_current_pid_tgid get_ns_current_pid_tgid get_current_uid_gid`.split(/\s+/),
);
const OF_FILTERS =
  `skb_load_bytes skb_load_bytes_relative get_socket_cookie get_socket_uid perf_event_output`.split(' ');
const OF_CGROUPS =
  `sk_fullsock sk_storage_get sk_storage_delete skb_cgroup_id skb_ancestor_cgroup_id sk_cgroup_id
  sk_ancestor_cgroup_id sk_lookup_tcp sk_lookup_udp skc_lookup_tcp sk_release tcp_sock get_listener_sock
  skb_ecn_set_ce get_local_storage get_retval set_retval`.split(/\s+/);

/** The types that users without CAP_BPF may load: what theirs alone have (sk_filter_func_proto, cg_skb_func_proto). */
const UNPRIVILEGED_BY_TYPE: Partial<Record<ProgramType, ReadonlySet<string>>> = {
  socket_filter: new Set(OF_FILTERS),
  cgroup_skb: new Set([...OF_FILTERS, ...OF_CGROUPS]),
};

/** Whether programs of this type may call the helper without CAP_BPF. */
export function isUnprivileged(id: number, type: ProgramType): boolean {
  const name = stem(HELPERS.get(id)?.name ?? 'bpf_');
  return UNPRIVILEGED.has(name) || (UNPRIVILEGED_BY_TYPE[type]?.has(name) ?? false);
}

/** Program types that may call the helper, some only at some attach types; undefined for (nearly) all types. */
export function programTypesOf(id: number): readonly ProgramType[] | undefined {
  const helper = HELPERS.get(id);
  return helper === undefined ? [] : typesGranted(stem(helper.name));
}

/** License texts that count as compatible with the GPL (license_is_gpl_compatible of the kernel). */
const GPL_COMPATIBLE: readonly string[] = [
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
];

export const isGplCompatible = (license: string): boolean => GPL_COMPATIBLE.includes(license);

/** Why such a program may not call the helper, in the kernel's words; undefined when it may. */
export function refusalOf(id: number, site: HelperSite): string | undefined {
  const helper = HELPERS.get(id);
  if (id === 0) return 'program of this type cannot use helper bpf_unspec#0';
  if (helper === undefined) return `invalid func unknown#${id}`;
  if (!granted(site).has(stem(helper.name)))
    return `program of this type cannot use helper ${helper.name}#${id}`;
  if (prototypeOf(id, site)?.gplOnly === true && !isGplCompatible(site.license ?? ''))
    return 'cannot call GPL-restricted function from non-GPL compatible program';
  if (helper.mightSleep && site.sleepable !== true) return 'helper call might sleep in a non-sleepable prog';
  return undefined;
}

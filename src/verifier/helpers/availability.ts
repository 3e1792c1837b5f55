import type { ProgramType } from '../../frontend/program.ts';
import type { HelperSite, Where } from './types.ts';

/**
 * Which programs the kernel hands which helpers (get_func_proto of each program type, Linux 6.18, to a loader with
 * all capabilities, or all but CAP_PERFMON). An `ext` program has the helpers of the program it replaces a part of: ask with the type of that.
 */
interface Grant {
  readonly helpers: readonly string[];
  readonly where: Where;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const BASE = words(`
  map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem
  map_lookup_percpu_elem for_each_map_elem kptr_xchg spin_lock spin_unlock timer_init timer_set_callback
  timer_start timer_cancel ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query
  ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr user_ringbuf_drain dynptr_from_mem
  dynptr_read dynptr_write dynptr_data ktime_get_ns ktime_get_boot_ns ktime_get_tai_ns jiffies64
  get_prandom_u32 get_smp_processor_id get_numa_node_id tail_call loop strncmp strtol strtoul snprintf
  snprintf_btf trace_printk trace_vprintk per_cpu_ptr this_cpu_ptr perf_event_read perf_event_read_value
  get_current_pid_tgid get_current_uid_gid get_current_comm get_current_task get_current_task_btf
  get_ns_current_pid_tgid get_current_cgroup_id get_current_ancestor_cgroup_id get_cgroup_classid
  current_task_under_cgroup cgrp_storage_get cgrp_storage_delete task_storage_get task_storage_delete
  task_pt_regs get_task_stack find_vma send_signal send_signal_thread get_branch_snapshot probe_read_user
  probe_read_kernel probe_read_user_str probe_read_kernel_str copy_from_user copy_from_user_task`);

const CASTS = words(`
  skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock
  skc_to_unix_sock skc_to_mptcp_sock`);
const LOOKUP = words('sk_lookup_tcp sk_lookup_udp skc_lookup_tcp sk_release');
const STORAGE = words('sk_storage_get sk_storage_delete');
const TRACE = words(`
  probe_read probe_read_str probe_write_user perf_event_output get_stack get_stackid get_func_ip`);
const TRACE_OBJECTS = words(`
  skb_output xdp_output xdp_get_buff_len d_path sock_from_file get_socket_cookie`);
const LWT = words(`
  skb_load_bytes skb_pull_data csum_diff get_route_realm get_hash_recalc skb_under_cgroup`);
const WRITABLE_SKB = words(`
  skb_store_bytes csum_update csum_level l3_csum_replace l4_csum_replace clone_redirect redirect skb_change_head
  skb_change_tail set_hash_invalid skb_get_tunnel_key skb_set_tunnel_key skb_get_tunnel_opt
  skb_set_tunnel_opt`);
const SCHED = words(`
  skb_load_bytes skb_load_bytes_relative skb_pull_data csum_diff get_route_realm get_hash_recalc set_hash
  skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type skb_adjust_room skb_under_cgroup skb_cgroup_id
  skb_ancestor_cgroup_id skb_cgroup_classid skb_ecn_set_ce skb_set_tstamp skb_get_xfrm_state get_socket_cookie
  get_socket_uid get_netns_cookie redirect_neigh redirect_peer fib_lookup check_mtu sk_assign sk_fullsock
  tcp_sock get_listener_sock tcp_check_syncookie tcp_gen_syncookie tcp_raw_gen_syncookie_ipv4
  tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6`);
const XDP = words(`
  xdp_adjust_head xdp_adjust_meta xdp_adjust_tail xdp_get_buff_len xdp_load_bytes xdp_store_bytes csum_diff
  redirect redirect_map fib_lookup check_mtu tcp_check_syncookie tcp_gen_syncookie tcp_raw_gen_syncookie_ipv4
  tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6`);
const CGROUP_SKB = words(`
  skb_load_bytes skb_load_bytes_relative skb_cgroup_id skb_ancestor_cgroup_id skb_ecn_set_ce sk_cgroup_id
  sk_ancestor_cgroup_id sk_fullsock tcp_sock get_listener_sock get_socket_cookie get_socket_uid
  get_netns_cookie`);
const SK_SKB = words(`
  skb_load_bytes skb_store_bytes skb_pull_data skb_change_head skb_change_tail skb_adjust_room get_socket_cookie
  get_socket_uid sk_redirect_map sk_redirect_hash`);
const SK_MSG = words(`
  msg_redirect_map msg_redirect_hash msg_apply_bytes msg_cork_bytes msg_pull_data msg_push_data msg_pop_data
  get_netns_cookie`);
const SOCK_OPS = words(`
  setsockopt getsockopt sock_ops_cb_flags_set sock_map_update sock_hash_update get_socket_cookie
  get_netns_cookie tcp_sock load_hdr_opt store_hdr_opt reserve_hdr_opt`);
const OPTIONS = words('setsockopt getsockopt');
const RETVAL = words('get_retval set_retval');

/** Socket address hooks whose return value programs may read and set. */
const WITH_RETVAL = words(`
  cgroup_inet4_bind cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_unix_connect
  cgroup_udp4_sendmsg cgroup_udp6_sendmsg cgroup_unix_sendmsg`);
const TRAMPOLINES = words('trace_fentry trace_fexit modify_return lsm_mac');

const LIRC = words(`
  rc_repeat rc_keydown rc_pointer_rel map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem
  map_peek_elem ktime_get_ns ktime_get_boot_ns tail_call get_prandom_u32 trace_printk`);

const PROBES: readonly ProgramType[] = [
  'kprobe',
  'tracepoint',
  'raw_tracepoint',
  'raw_tracepoint_writable',
  'perf_event',
];
const OBJECT_TRACERS: readonly ProgramType[] = ['tracing', 'lsm', 'syscall'];
const LWTS: readonly ProgramType[] = ['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'];
const SCHEDS: readonly ProgramType[] = ['sched_cls', 'sched_act'];
const CGROUPS: readonly ProgramType[] = [
  'cgroup_skb',
  'cgroup_sock',
  'cgroup_sock_addr',
  'cgroup_sockopt',
  'cgroup_sysctl',
  'cgroup_device',
];
/** Types that see sockets or their packets. */
const NETWORK: readonly ProgramType[] = [
  'socket_filter',
  'xdp',
  'cgroup_skb',
  'cgroup_sock_addr',
  'sock_ops',
  'sk_skb',
  'sk_msg',
  'sk_lookup',
  'flow_dissector',
  ...SCHEDS,
  ...LWTS,
];

const grant = (types: readonly ProgramType[], ...helpers: (string | readonly string[])[]): Grant => ({
  helpers: helpers.flat(),
  where: { types },
});
const grantAt = (
  types: readonly ProgramType[],
  attachTypes: readonly string[],
  helpers: readonly string[],
) => ({
  helpers,
  where: { types, attachTypes },
});

const GRANTS: readonly Grant[] = [
  grant([...PROBES, ...OBJECT_TRACERS], TRACE),
  grant(PROBES, 'get_attach_cookie'),
  grant(['kprobe'], 'override_return'),
  grant(['perf_event'], 'perf_prog_read_value', 'read_branch_records'),
  grant(OBJECT_TRACERS, TRACE_OBJECTS, CASTS, STORAGE),
  grantAt(
    ['tracing', 'lsm'],
    TRAMPOLINES,
    words('get_attach_cookie get_func_arg get_func_ret get_func_arg_cnt'),
  ),
  grantAt(['tracing'], ['trace_raw_tp'], ['get_attach_cookie']),
  grantAt(['tracing'], ['trace_iter'], words('seq_printf seq_write seq_printf_btf')),
  grant(['syscall'], words('sys_bpf sys_close btf_find_by_name_kind kallsyms_lookup_name')),
  grant(['lsm'], words('inode_storage_get inode_storage_delete bprm_opts_set')),
  { helpers: words('ima_inode_hash ima_file_hash'), where: { types: ['lsm'], sleepable: true } },
  grantAt(['lsm'], ['lsm_cgroup'], [...RETVAL, ...OPTIONS, 'get_local_storage']),

  grant(NETWORK, CASTS, 'ktime_get_coarse_ns'),
  grant(['cgroup_sock', 'cgroup_sysctl', 'sk_reuseport', 'struct_ops'], 'ktime_get_coarse_ns'),
  grant(
    NETWORK.filter((type) => type !== 'flow_dissector'),
    'perf_event_output',
  ),
  grant(['cgroup_sock', 'cgroup_sockopt', 'cgroup_sysctl', 'cgroup_device'], 'perf_event_output'),
  grant(['socket_filter'], words('skb_load_bytes skb_load_bytes_relative get_socket_cookie get_socket_uid')),
  grant(['socket_filter'], 'get_netns_cookie'),
  grant(SCHEDS, SCHED, WRITABLE_SKB, LOOKUP, STORAGE),
  grant(['xdp'], XDP, LOOKUP),
  grant(LWTS, LWT),
  grant(['lwt_in', 'lwt_xmit'], 'lwt_push_encap'),
  grant(['lwt_xmit'], WRITABLE_SKB),
  grant(['lwt_seg6local'], words('lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action')),
  grant(['flow_dissector'], 'skb_load_bytes'),
  grant(['sk_skb'], SK_SKB, LOOKUP),
  grant(['sk_msg'], SK_MSG, STORAGE),
  grant(['sock_ops'], SOCK_OPS, STORAGE, 'get_local_storage'),
  grant(['sk_lookup'], 'sk_assign', 'sk_release'),
  grant(
    ['sk_reuseport'],
    words('sk_select_reuseport skb_load_bytes skb_load_bytes_relative get_socket_cookie'),
  ),
  // The set of tcp_congestion_ops; other structures of operations may have more or less.
  grant(['struct_ops'], OPTIONS, STORAGE, 'tcp_send_ack'),

  grant(CGROUPS, 'get_local_storage'),
  grant(['cgroup_skb'], CGROUP_SKB, LOOKUP, STORAGE),
  grant(['cgroup_sock'], words('get_socket_cookie get_netns_cookie sk_storage_get'), RETVAL),
  grant(['cgroup_sock_addr'], OPTIONS, LOOKUP, STORAGE, 'get_socket_cookie', 'get_netns_cookie'),
  grantAt(['cgroup_sock_addr'], WITH_RETVAL, RETVAL),
  grantAt(['cgroup_sock_addr'], ['cgroup_inet4_connect', 'cgroup_inet6_connect'], ['bind']),
  grant(['cgroup_sockopt'], STORAGE, RETVAL, 'tcp_sock', 'get_netns_cookie'),
  grantAt(['cgroup_sockopt'], ['cgroup_setsockopt'], OPTIONS),
  grant(
    ['cgroup_sysctl'],
    words('sysctl_get_name sysctl_get_current_value sysctl_get_new_value sysctl_set_new_value'),
    RETVAL,
  ),
  grant(['cgroup_device'], RETVAL),
  grant(['lirc_mode2'], LIRC),
];

/** Helpers that read kernel memory, print, or act on tasks: not without CAP_PERFMON. */
const WITH_PERFMON = words(`
  trace_printk trace_vprintk snprintf snprintf_btf get_current_comm get_current_task get_current_task_btf
  task_pt_regs get_task_stack find_vma send_signal send_signal_thread perf_event_read perf_event_read_value
  get_branch_snapshot probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str copy_from_user
  copy_from_user_task sys_bpf`);

function needsPerfmon(helper: string, { type }: HelperSite): boolean {
  return WITH_PERFMON.includes(helper) || (CASTS.includes(helper) && NETWORK.includes(type));
}

const NONE: readonly ProgramType[] = ['unspec', 'lirc_mode2'];

export function isAt({ types, attachTypes, sleepable }: Where, site: HelperSite): boolean {
  if (!types.includes(site.type)) return false;
  if (attachTypes !== undefined && !attachTypes.includes(site.attachType ?? '')) return false;
  return sleepable === undefined || sleepable === (site.sleepable ?? false);
}

/** Names (without `bpf_`) of the helpers that a program of this kind may call. */
export function grantedHelpers(site: HelperSite): ReadonlySet<string> {
  const granted = GRANTS.filter(({ where }) => isAt(where, site)).flatMap(({ helpers }) => helpers);
  const all = NONE.includes(site.type) ? granted : [...BASE, ...granted];
  return new Set(site.perfmon === false ? all.filter((helper) => !needsPerfmon(helper, site)) : all);
}

/** Types of which some program may call the helper (without `bpf_`); undefined for a helper that all types have. */
export function typesGranted(helper: string): readonly ProgramType[] | undefined {
  if (BASE.includes(helper)) return undefined;
  return [
    ...new Set(GRANTS.filter(({ helpers }) => helpers.includes(helper)).flatMap(({ where }) => where.types)),
  ];
}

import type { ProgramType } from './program.ts';

/** Section name pattern, program type, expected attach type (BPF_* in lower case, '' for none), flag. */
type Row = readonly [pattern: string, type: ProgramType, attach?: string, flag?: 'sleepable' | 'frags'];

/**
 * Section names as libbpf 1.8 knows them (its `section_defs`), searched in order. `name+` takes `name` and
 * `name/target`; other patterns must match whole.
 */
const ROWS: readonly Row[] = [
  ['socket', 'socket_filter'],
  ['sk_reuseport/migrate', 'sk_reuseport', 'sk_reuseport_select_or_migrate'],
  ['sk_reuseport', 'sk_reuseport', 'sk_reuseport_select'],
  ['kprobe+', 'kprobe'],
  ['uprobe+', 'kprobe'],
  ['uprobe.s+', 'kprobe', '', 'sleepable'],
  ['kretprobe+', 'kprobe'],
  ['uretprobe+', 'kprobe'],
  ['uretprobe.s+', 'kprobe', '', 'sleepable'],
  ['kprobe.multi+', 'kprobe', 'trace_kprobe_multi'],
  ['kretprobe.multi+', 'kprobe', 'trace_kprobe_multi'],
  ['kprobe.session+', 'kprobe', 'trace_kprobe_session'],
  ['uprobe.multi+', 'kprobe', 'trace_uprobe_multi'],
  ['uretprobe.multi+', 'kprobe', 'trace_uprobe_multi'],
  ['uprobe.session+', 'kprobe', 'trace_uprobe_session'],
  ['uprobe.multi.s+', 'kprobe', 'trace_uprobe_multi', 'sleepable'],
  ['uretprobe.multi.s+', 'kprobe', 'trace_uprobe_multi', 'sleepable'],
  ['uprobe.session.s+', 'kprobe', 'trace_uprobe_session', 'sleepable'],
  ['ksyscall+', 'kprobe'],
  ['kretsyscall+', 'kprobe'],
  ['usdt+', 'kprobe'],
  ['usdt.s+', 'kprobe', '', 'sleepable'],
  ['tc/ingress', 'sched_cls', 'tcx_ingress'],
  ['tc/egress', 'sched_cls', 'tcx_egress'],
  ['tcx/ingress', 'sched_cls', 'tcx_ingress'],
  ['tcx/egress', 'sched_cls', 'tcx_egress'],
  ['tc', 'sched_cls'],
  ['classifier', 'sched_cls'],
  ['action', 'sched_act'],
  ['netkit/primary', 'sched_cls', 'netkit_primary'],
  ['netkit/peer', 'sched_cls', 'netkit_peer'],
  ['tracepoint+', 'tracepoint'],
  ['tp+', 'tracepoint'],
  ['tracepoint.s+', 'tracepoint', '', 'sleepable'],
  ['tp.s+', 'tracepoint', '', 'sleepable'],
  ['raw_tracepoint+', 'raw_tracepoint'],
  ['raw_tp+', 'raw_tracepoint'],
  ['raw_tracepoint.s+', 'raw_tracepoint', '', 'sleepable'],
  ['raw_tp.s+', 'raw_tracepoint', '', 'sleepable'],
  ['raw_tracepoint.w+', 'raw_tracepoint_writable'],
  ['raw_tp.w+', 'raw_tracepoint_writable'],
  ['tp_btf+', 'tracing', 'trace_raw_tp'],
  ['tp_btf.s+', 'tracing', 'trace_raw_tp', 'sleepable'],
  ['fentry+', 'tracing', 'trace_fentry'],
  ['fmod_ret+', 'tracing', 'modify_return'],
  ['fexit+', 'tracing', 'trace_fexit'],
  ['fentry.s+', 'tracing', 'trace_fentry', 'sleepable'],
  ['fmod_ret.s+', 'tracing', 'modify_return', 'sleepable'],
  ['fexit.s+', 'tracing', 'trace_fexit', 'sleepable'],
  ['fsession+', 'tracing', 'trace_fsession'],
  ['fsession.s+', 'tracing', 'trace_fsession', 'sleepable'],
  ['fsession.multi+', 'tracing', 'trace_fsession_multi'],
  ['fsession.multi.s+', 'tracing', 'trace_fsession_multi', 'sleepable'],
  ['fentry.multi+', 'tracing', 'trace_fentry_multi'],
  ['fexit.multi+', 'tracing', 'trace_fexit_multi'],
  ['fentry.multi.s+', 'tracing', 'trace_fentry_multi', 'sleepable'],
  ['fexit.multi.s+', 'tracing', 'trace_fexit_multi', 'sleepable'],
  ['freplace+', 'ext'],
  ['lsm+', 'lsm', 'lsm_mac'],
  ['lsm.s+', 'lsm', 'lsm_mac', 'sleepable'],
  ['lsm_cgroup+', 'lsm', 'lsm_cgroup'],
  ['iter+', 'tracing', 'trace_iter'],
  ['iter.s+', 'tracing', 'trace_iter', 'sleepable'],
  ['syscall', 'syscall', '', 'sleepable'],
  ['xdp.frags/devmap', 'xdp', 'xdp_devmap', 'frags'],
  ['xdp/devmap', 'xdp', 'xdp_devmap'],
  ['xdp.frags/cpumap', 'xdp', 'xdp_cpumap', 'frags'],
  ['xdp/cpumap', 'xdp', 'xdp_cpumap'],
  ['xdp.frags', 'xdp', 'xdp', 'frags'],
  ['xdp', 'xdp', 'xdp'],
  ['perf_event', 'perf_event'],
  ['lwt_in', 'lwt_in'],
  ['lwt_out', 'lwt_out'],
  ['lwt_xmit', 'lwt_xmit'],
  ['lwt_seg6local', 'lwt_seg6local'],
  ['sockops', 'sock_ops', 'cgroup_sock_ops'],
  ['sk_skb/stream_parser', 'sk_skb', 'sk_skb_stream_parser'],
  ['sk_skb/stream_verdict', 'sk_skb', 'sk_skb_stream_verdict'],
  ['sk_skb/verdict', 'sk_skb', 'sk_skb_verdict'],
  ['sk_skb', 'sk_skb'],
  ['sk_msg', 'sk_msg', 'sk_msg_verdict'],
  ['lirc_mode2', 'lirc_mode2', 'lirc_mode2'],
  ['flow_dissector', 'flow_dissector', 'flow_dissector'],
  ['cgroup_skb/ingress', 'cgroup_skb', 'cgroup_inet_ingress'],
  ['cgroup_skb/egress', 'cgroup_skb', 'cgroup_inet_egress'],
  ['cgroup/skb', 'cgroup_skb'],
  ['cgroup/sock_create', 'cgroup_sock', 'cgroup_inet_sock_create'],
  ['cgroup/sock_release', 'cgroup_sock', 'cgroup_inet_sock_release'],
  ['cgroup/sock', 'cgroup_sock', 'cgroup_inet_sock_create'],
  ['cgroup/post_bind4', 'cgroup_sock', 'cgroup_inet4_post_bind'],
  ['cgroup/post_bind6', 'cgroup_sock', 'cgroup_inet6_post_bind'],
  ['cgroup/bind4', 'cgroup_sock_addr', 'cgroup_inet4_bind'],
  ['cgroup/bind6', 'cgroup_sock_addr', 'cgroup_inet6_bind'],
  ['cgroup/connect4', 'cgroup_sock_addr', 'cgroup_inet4_connect'],
  ['cgroup/connect6', 'cgroup_sock_addr', 'cgroup_inet6_connect'],
  ['cgroup/connect_unix', 'cgroup_sock_addr', 'cgroup_unix_connect'],
  ['cgroup/sendmsg4', 'cgroup_sock_addr', 'cgroup_udp4_sendmsg'],
  ['cgroup/sendmsg6', 'cgroup_sock_addr', 'cgroup_udp6_sendmsg'],
  ['cgroup/sendmsg_unix', 'cgroup_sock_addr', 'cgroup_unix_sendmsg'],
  ['cgroup/recvmsg4', 'cgroup_sock_addr', 'cgroup_udp4_recvmsg'],
  ['cgroup/recvmsg6', 'cgroup_sock_addr', 'cgroup_udp6_recvmsg'],
  ['cgroup/recvmsg_unix', 'cgroup_sock_addr', 'cgroup_unix_recvmsg'],
  ['cgroup/getpeername4', 'cgroup_sock_addr', 'cgroup_inet4_getpeername'],
  ['cgroup/getpeername6', 'cgroup_sock_addr', 'cgroup_inet6_getpeername'],
  ['cgroup/getpeername_unix', 'cgroup_sock_addr', 'cgroup_unix_getpeername'],
  ['cgroup/getsockname4', 'cgroup_sock_addr', 'cgroup_inet4_getsockname'],
  ['cgroup/getsockname6', 'cgroup_sock_addr', 'cgroup_inet6_getsockname'],
  ['cgroup/getsockname_unix', 'cgroup_sock_addr', 'cgroup_unix_getsockname'],
  ['cgroup/sysctl', 'cgroup_sysctl', 'cgroup_sysctl'],
  ['cgroup/getsockopt', 'cgroup_sockopt', 'cgroup_getsockopt'],
  ['cgroup/setsockopt', 'cgroup_sockopt', 'cgroup_setsockopt'],
  ['cgroup/dev', 'cgroup_device', 'cgroup_device'],
  ['struct_ops+', 'struct_ops'],
  ['struct_ops.s+', 'struct_ops', '', 'sleepable'],
  ['sk_lookup', 'sk_lookup', 'sk_lookup'],
  ['netfilter', 'netfilter', 'netfilter'],
];

/**
 * Beginnings of names as loaders before libbpf 1.0, iproute2 and the kernel's samples used them. They name a type
 * only by custom, so that what they say counts as a guess.
 */
const LEGACY: readonly (readonly [prefix: string, type: ProgramType])[] = [
  ['socket', 'socket_filter'],
  ['kprobe', 'kprobe'],
  ['kretprobe', 'kprobe'],
  ['uprobe', 'kprobe'],
  ['uretprobe', 'kprobe'],
  ['tracepoint', 'tracepoint'],
  ['raw_tracepoint', 'raw_tracepoint'],
  ['raw_tp', 'raw_tracepoint'],
  ['xdp', 'xdp'],
  ['perf_event', 'perf_event'],
  ['lwt_in', 'lwt_in'],
  ['lwt_out', 'lwt_out'],
  ['lwt_xmit', 'lwt_xmit'],
  ['sockops', 'sock_ops'],
  ['sk_skb', 'sk_skb'],
  ['sk_msg', 'sk_msg'],
  ['cgroup_skb', 'cgroup_skb'],
  ['cgroup/skb', 'cgroup_skb'],
  ['cgroup/dev', 'cgroup_device'],
  ['flow_dissector', 'flow_dissector'],
  ['sk_reuseport', 'sk_reuseport'],
  ['classifier', 'sched_cls'],
  ['action', 'sched_act'],
  ['tc', 'sched_cls'],
  ['cls', 'sched_cls'],
  ['ingress', 'sched_cls'],
  ['egress', 'sched_cls'],
  ['filter', 'socket_filter'],
  ['loadbalancer', 'socket_filter'],
];

/**
 * Sections of objects that iproute2 loads, Cilium's among them: MAP/SLOT for the programs of a prog_array, from- and
 * to- for where packets come from. They say nothing of the type: tc, but for objects that are named after XDP.
 */
const IPROUTE2 = /^(\d+\/\d|from-|to-)/;

function customary(name: string, objectName: string): ProgramType {
  const legacy = LEGACY.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (legacy !== undefined || !IPROUTE2.test(name)) return legacy ?? 'unspec';
  return /xdp[^/\\]*$/.test(objectName) ? 'xdp' : 'sched_cls';
}

/** What the name of a section says about the programs in it. */
export interface SectionMeaning {
  readonly type: ProgramType;
  readonly typeGuessed: boolean;
  /** Expected attach type: BPF_* in lower case (`trace_fentry`), '' for none. */
  readonly attachType: string;
  /** What follows the type: `sys_execve` of `kprobe/sys_execve`. */
  readonly attachTo: string;
  readonly sleepable: boolean;
  readonly frags: boolean;
  readonly autoload: boolean;
}

/** Whether libbpf's pattern is for the section: `name`, or with `name+` also what begins with `name/`. */
export function matchesSection(pattern: string, name: string): boolean {
  if (!pattern.endsWith('+')) return name === pattern;
  const stem = pattern.slice(0, -1);
  return name === stem || name.startsWith(`${stem}/`);
}

function known(name: string, autoload: boolean): SectionMeaning | undefined {
  const row = ROWS.find(([pattern]) => matchesSection(pattern, name));
  if (row === undefined) return undefined;
  const [pattern, type, attachType = '', flag] = row;
  return {
    type,
    typeGuessed: false,
    attachType,
    attachTo: pattern.endsWith('+') ? name.slice(pattern.length) : '',
    sleepable: flag === 'sleepable',
    frags: flag === 'frags',
    autoload,
  };
}

function guessed(name: string, autoload: boolean, objectName: string): SectionMeaning {
  const type = customary(name, objectName);
  const slash = name.indexOf('/');
  const attachTo = slash < 0 ? '' : name.slice(slash + 1);
  return { type, typeGuessed: true, attachType: '', attachTo, sleepable: false, frags: false, autoload };
}

/**
 * Reads a section name by libbpf's rules; a leading `?` turns off automatic loading. The name of the object (a path)
 * helps to guess where the section alone names no type.
 */
export function sectionMeaning(section: string, objectName = ''): SectionMeaning {
  const autoload = !section.startsWith('?');
  const name = autoload ? section : section.slice(1);
  return known(name, autoload) ?? guessed(name, autoload, objectName);
}

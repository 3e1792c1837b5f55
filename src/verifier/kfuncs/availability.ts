import type { ProgramType } from '../../frontend/program.ts';
import type { HelperSite } from '../helpers/types.ts';
import type { KfuncHook, KfuncWhere } from './types.ts';

/**
 * Which programs the kernel lets call which functions (Linux 6.18): program types share hooks, functions are
 * registered for hooks in sets. Types without a hook have the functions that all have, and no more.
 */
const HOOK_OF: Readonly<Partial<Record<ProgramType, KfuncHook>>> = {
  xdp: 'xdp',
  sched_cls: 'tc',
  struct_ops: 'structOps',
  tracing: 'tracing',
  tracepoint: 'tracing',
  perf_event: 'tracing',
  lsm: 'tracing',
  syscall: 'syscall',
  cgroup_skb: 'cgroup',
  cgroup_sock: 'cgroup',
  cgroup_device: 'cgroup',
  cgroup_sock_addr: 'cgroup',
  cgroup_sockopt: 'cgroup',
  cgroup_sysctl: 'cgroup',
  sock_ops: 'cgroup',
  sched_act: 'schedAct',
  sk_skb: 'skSkb',
  socket_filter: 'socketFilter',
  lwt_in: 'lwt',
  lwt_out: 'lwt',
  lwt_xmit: 'lwt',
  lwt_seg6local: 'lwt',
  netfilter: 'netfilter',
  kprobe: 'kprobe',
};

const hooks = (...names: readonly KfuncHook[]): KfuncWhere => ({ hooks: names });

/** The kernel's sets, by where they are in force. */
export const EVERYWHERE: KfuncWhere = {};
export const GENERIC = hooks('tc', 'xdp', 'tracing', 'structOps', 'syscall', 'cgroup');
export const SCHEDULING = hooks('tracing', 'structOps', 'syscall');
export const TC_AND_XDP = hooks('tc', 'xdp');
export const TC = hooks('tc');
export const TC_ACTIONS = hooks('tc', 'schedAct');
export const PACKETS = hooks('tc', 'schedAct', 'xdp');
export const XDP_ONLY = hooks('xdp');
export const DEVICE_BOUND: KfuncWhere = { hooks: ['xdp'], deviceBound: true };
export const SYSCALLS = hooks('syscall');
export const CGROUPS = hooks('cgroup');
export const SKBS = hooks('tc', 'schedAct', 'skSkb', 'socketFilter', 'cgroup', 'lwt', 'netfilter', 'tracing');
export const ITERATORS: KfuncWhere = { hooks: ['tracing'], types: ['tracing'], attachTypes: ['trace_iter'] };
export const SESSION_PROBES: KfuncWhere = {
  hooks: ['kprobe'],
  attachTypes: ['trace_kprobe_session', 'trace_uprobe_session'],
};
export const LSM: KfuncWhere = { hooks: ['tracing'], types: ['lsm'] };

const within = <T>(list: readonly T[] | undefined, value: T | undefined): boolean =>
  list === undefined || (value !== undefined && list.includes(value));

/** Whether the kernel has handed the function to programs of this kind. */
export function isHandedTo({ hooks: own, types, attachTypes }: KfuncWhere, site: HelperSite): boolean {
  return (
    within(own, HOOK_OF[site.type]) && within(types, site.type) && within(attachTypes, site.attachType ?? '')
  );
}

const SKB_CONTEXTS: readonly ProgramType[] = [
  'sched_cls',
  'sched_act',
  'socket_filter',
  'cgroup_skb',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'lwt_seg6local',
  'sk_skb',
];

/** The kernel's structure behind the context of each type of program; tracing programs and the like have none. */
const KERNEL_CONTEXTS: Readonly<Partial<Record<ProgramType, string>>> = {
  ...Object.fromEntries(SKB_CONTEXTS.map((type) => [type, 'sk_buff'])),
  xdp: 'xdp_buff',
  kprobe: 'pt_regs',
  perf_event: 'bpf_perf_event_data_kern',
  cgroup_sock: 'sock',
  cgroup_device: 'bpf_cgroup_dev_ctx',
  cgroup_sock_addr: 'bpf_sock_addr_kern',
  cgroup_sockopt: 'bpf_sockopt_kern',
  cgroup_sysctl: 'bpf_sysctl_kern',
  sock_ops: 'bpf_sock_ops_kern',
  sk_msg: 'sk_msg',
  sk_reuseport: 'sk_reuseport_kern',
  sk_lookup: 'bpf_sk_lookup_kern',
  flow_dissector: 'bpf_flow_dissector',
  netfilter: 'bpf_nf_ctx',
};

/** What bpf_cast_to_kern_ctx points to; undefined where the kernel refuses the call. */
export const kernelContextOf = (type: ProgramType): string | undefined => KERNEL_CONTEXTS[type];

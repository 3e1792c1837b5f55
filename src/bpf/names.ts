/** Numbers of the uapi header by their names there, in lower case and without the prefix. */
import * as abi from '../abi/maps.ts';
import { EINVAL } from '../abi/maps.ts';
import type { ProgramType } from '../frontend/program.ts';
import { refuse } from './errors.ts';

/** enum bpf_map_type of Linux 6.18, by number. */
export const MAP_TYPES: readonly string[] = Object.entries(abi)
  .filter(([name]) => name.startsWith('MAP_TYPE_'))
  .reduce<string[]>(
    (names, [name, value]) => {
      names[Number(value)] = name.slice('MAP_TYPE_'.length).toLowerCase();
      return names;
    },
    ['unspec'],
  );

/** enum bpf_prog_type, by number. */
export const PROGRAM_TYPES: readonly ProgramType[] = [
  'unspec',
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
  'netfilter',
];

/** enum bpf_attach_type, by number. */
export const ATTACH_TYPES: readonly string[] = (
  'cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create cgroup_sock_ops sk_skb_stream_parser ' +
  'sk_skb_stream_verdict cgroup_device sk_msg_verdict cgroup_inet4_bind cgroup_inet6_bind cgroup_inet4_connect ' +
  'cgroup_inet6_connect cgroup_inet4_post_bind cgroup_inet6_post_bind cgroup_udp4_sendmsg cgroup_udp6_sendmsg ' +
  'lirc_mode2 flow_dissector cgroup_sysctl cgroup_udp4_recvmsg cgroup_udp6_recvmsg cgroup_getsockopt ' +
  'cgroup_setsockopt trace_raw_tp trace_fentry trace_fexit modify_return lsm_mac trace_iter ' +
  'cgroup_inet4_getpeername cgroup_inet6_getpeername cgroup_inet4_getsockname cgroup_inet6_getsockname xdp_devmap ' +
  'cgroup_inet_sock_release xdp_cpumap sk_lookup xdp sk_skb_verdict sk_reuseport_select ' +
  'sk_reuseport_select_or_migrate perf_event trace_kprobe_multi lsm_cgroup struct_ops netfilter tcx_ingress ' +
  'tcx_egress trace_uprobe_multi cgroup_unix_connect cgroup_unix_sendmsg cgroup_unix_recvmsg ' +
  'cgroup_unix_getpeername cgroup_unix_getsockname netkit_primary netkit_peer trace_kprobe_session ' +
  'trace_uprobe_session'
).split(' ');

/** BPF_OBJ_NAME_LEN, its final 0 included. */
export const NAME_LENGTH = 16;

/** @throws WebpfError -EINVAL for a name that the kernel does not take (bpf_obj_name_cpy) */
export function checkName(command: string, name: string): string {
  if (/^[\w.]*$/.test(name) && name.length < NAME_LENGTH) return name;
  return refuse(
    command,
    EINVAL,
    `the name "${name}" must have at most ${NAME_LENGTH - 1} letters, digits, dots and underscores`,
  );
}

import type { BtfKind } from '../../../src/frontend/btf/types.ts';
import type { ProgramType } from '../../../src/frontend/program.ts';
import { programTypeNumber } from '../../../src/frontend/programTypes.ts';
import { ATTACH_TYPES } from '../attachTypes.ts';

/** A program type at an attach type, as the kernel is asked about it. */
export interface Site {
  readonly type: ProgramType;
  /** BPF_* in lower case without the prefix; undefined for none. */
  readonly attachType: string | undefined;
  /** Offsets tried, inclusive: from before the context to beyond its end. */
  readonly windows: readonly (readonly [from: number, to: number])[];
  readonly candidate: {
    readonly type: number;
    readonly attachType: number;
    readonly flags: number;
    readonly attachBtfId?: number;
  };
}

const SLEEPABLE = 1 << 4;

type Windows = Site['windows'];
const upTo = (size: number): Windows => [[-8, size + 8]];

const SK_BUFF = upTo(192);
const SOCK = upTo(80);
const SOCK_ADDR = upTo(72);

/** Type, offsets tried, attach types ('' for none). */
type Row = readonly [type: ProgramType, windows: Windows, attachTypes: string];

const ROWS: readonly Row[] = [
  ['socket_filter', SK_BUFF, '-'],
  ['kprobe', upTo(168), '- trace_kprobe_multi trace_uprobe_multi trace_kprobe_session trace_uprobe_session'],
  ['sched_cls', SK_BUFF, '- tcx_ingress tcx_egress netkit_primary netkit_peer'],
  ['sched_act', SK_BUFF, '-'],
  [
    'tracepoint',
    [
      // The kernel takes negative offsets, which nothing is behind: see accessContext.
      [0, 32],
      [8176, 8208],
    ],
    '-',
  ],
  ['xdp', upTo(24), '- xdp xdp_devmap xdp_cpumap'],
  ['perf_event', upTo(184), '- perf_event'],
  ['cgroup_skb', SK_BUFF, 'cgroup_inet_ingress cgroup_inet_egress'],
  [
    'cgroup_sock',
    SOCK,
    '- cgroup_inet_sock_create cgroup_inet_sock_release cgroup_inet4_post_bind cgroup_inet6_post_bind',
  ],
  ['lwt_in', SK_BUFF, '-'],
  ['lwt_out', SK_BUFF, '-'],
  ['lwt_xmit', SK_BUFF, '-'],
  ['sock_ops', upTo(224), '- cgroup_sock_ops'],
  ['sk_skb', SK_BUFF, '- sk_skb_stream_parser sk_skb_stream_verdict sk_skb_verdict'],
  ['cgroup_device', upTo(12), '- cgroup_device'],
  ['sk_msg', upTo(80), '- sk_msg_verdict'],
  ['raw_tracepoint', upTo(96), '-'],
  [
    'cgroup_sock_addr',
    SOCK_ADDR,
    'cgroup_inet4_bind cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_unix_connect ' +
      'cgroup_udp4_sendmsg cgroup_udp6_sendmsg cgroup_unix_sendmsg cgroup_udp4_recvmsg cgroup_udp6_recvmsg ' +
      'cgroup_unix_recvmsg cgroup_inet4_getpeername cgroup_inet6_getpeername cgroup_unix_getpeername ' +
      'cgroup_inet4_getsockname cgroup_inet6_getsockname cgroup_unix_getsockname',
  ],
  ['lwt_seg6local', SK_BUFF, '-'],
  ['sk_reuseport', upTo(56), '- sk_reuseport_select sk_reuseport_select_or_migrate'],
  ['flow_dissector', SK_BUFF, '- flow_dissector'],
  ['cgroup_sysctl', upTo(8), '- cgroup_sysctl'],
  ['raw_tracepoint_writable', upTo(96), '-'],
  ['cgroup_sockopt', upTo(40), 'cgroup_getsockopt cgroup_setsockopt'],
  ['sk_lookup', upTo(72), 'sk_lookup'],
  [
    'syscall',
    [
      [-8, 32],
      [32736, 32767],
    ],
    '-',
  ],
  ['netfilter', upTo(16), 'netfilter'],
];

/** How the kernel is asked about a program type at an attach type, '' for none. */
export const candidateOf = (type: ProgramType, attachType: string): Site['candidate'] => ({
  type: programTypeNumber(type),
  attachType: Math.max(0, ATTACH_TYPES.indexOf(attachType)),
  flags: type === 'syscall' ? SLEEPABLE : 0,
});

const sitesOf = ([type, windows, attachTypes]: Row): Site[] =>
  attachTypes.split(' ').map((name) => ({
    type,
    attachType: name === '-' ? undefined : name,
    windows,
    candidate: candidateOf(type, name),
  }));

export const TYPES: readonly ProgramType[] = ROWS.map(([type]) => type);

/** Every kind of program that Linux 6.18 loads without a BTF target. */
export const SITES: readonly Site[] = ROWS.flatMap(sitesOf);

export const siteName = ({ type, attachType }: Site): string =>
  attachType === undefined ? type : `${type}/${attachType}`;

/** Programs for functions of the kernel: attach type, kind and name of the target in its BTF. */
export const TRACING: readonly (readonly [attachType: string, kind: BtfKind, target: string])[] = [
  ['trace_iter', 'func', 'bpf_iter_task'],
  ['trace_raw_tp', 'typedef', 'btf_trace_sched_switch'],
];

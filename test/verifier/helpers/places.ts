import { readFileSync } from 'node:fs';
import { findType } from '../../../src/frontend/btf/lookup.ts';
import { parseBtf } from '../../../src/frontend/btf/parse.ts';
import type { Btf, BtfKind } from '../../../src/frontend/btf/types.ts';
import type { ProgramType } from '../../../src/frontend/program.ts';
import { programTypeNumber } from '../../../src/frontend/programTypes.ts';
import { ATTACH_TYPES } from '../attachTypes.ts';

/** A program type, the attach type and whatever else decides which helpers the kernel hands out. */
export interface Place {
  readonly type: ProgramType;
  readonly attachType: string;
  readonly sleepable: boolean;
  /** Attach target in the kernel's BTF: kind and name. */
  readonly target?: readonly [kind: BtfKind, name: string];
}

/** What the system call wants of a place; ids of the kernel's BTF differ from build to build. */
export interface PlaceNumbers {
  readonly type: number;
  readonly attachType: number;
  readonly flags: number;
  readonly attachBtfId: number;
}

const at = (type: ProgramType, ...attachTypes: readonly string[]): Place[] =>
  (attachTypes.length === 0 ? [''] : attachTypes).map((attachType) => ({
    type,
    attachType,
    sleepable: false,
  }));

const on = (
  type: ProgramType,
  attachType: string,
  kind: BtfKind,
  names: readonly string[],
  sleepable = false,
): Place[] => names.map((name) => ({ type, attachType, sleepable, target: [kind, name] }));

const sleepable = (places: readonly Place[]): Place[] =>
  places.map((place) => ({ ...place, sleepable: true }));

const KPROBE = [
  '',
  'trace_kprobe_multi',
  'trace_uprobe_multi',
  'trace_kprobe_session',
  'trace_uprobe_session',
];
const SOCK_ADDR = [
  'cgroup_inet4_bind',
  'cgroup_inet6_bind',
  'cgroup_inet4_connect',
  'cgroup_inet6_connect',
  'cgroup_unix_connect',
  'cgroup_udp4_sendmsg',
  'cgroup_udp6_sendmsg',
  'cgroup_unix_sendmsg',
  'cgroup_udp4_recvmsg',
  'cgroup_udp6_recvmsg',
  'cgroup_unix_recvmsg',
  'cgroup_inet4_getpeername',
  'cgroup_inet6_getpeername',
  'cgroup_unix_getpeername',
  'cgroup_inet4_getsockname',
  'cgroup_inet6_getsockname',
  'cgroup_unix_getsockname',
];
const CGROUP_SOCK = [
  'cgroup_inet_sock_create',
  'cgroup_inet_sock_release',
  'cgroup_inet4_post_bind',
  'cgroup_inet6_post_bind',
];
const SCHED_CLS = ['', 'tcx_ingress', 'tcx_egress', 'netkit_primary', 'netkit_peer'];

/** Every place this repository's tables speak of that a kernel without modules can load. */
export const PLACES: readonly Place[] = [
  ...at('sched_cls', ...SCHED_CLS),
  ...at('xdp', '', 'xdp', 'xdp_devmap', 'xdp_cpumap'),
  ...at('socket_filter'),
  ...at('kprobe', ...KPROBE),
  ...sleepable(at('kprobe', '', 'trace_uprobe_multi')),
  ...at('sched_act'),
  ...at('tracepoint'),
  ...at('perf_event'),
  ...at('cgroup_skb', 'cgroup_inet_ingress', 'cgroup_inet_egress'),
  ...at('cgroup_sock', ...CGROUP_SOCK),
  ...at('lwt_in'),
  ...at('lwt_out'),
  ...at('lwt_xmit'),
  ...at('sock_ops', 'cgroup_sock_ops'),
  ...at('sk_skb', '', 'sk_skb_stream_parser', 'sk_skb_stream_verdict', 'sk_skb_verdict'),
  ...at('cgroup_device', 'cgroup_device'),
  ...at('sk_msg', 'sk_msg_verdict'),
  ...at('raw_tracepoint'),
  ...at('cgroup_sock_addr', ...SOCK_ADDR),
  ...at('lwt_seg6local'),
  ...at('lirc_mode2', 'lirc_mode2'),
  ...at('sk_reuseport', 'sk_reuseport_select', 'sk_reuseport_select_or_migrate'),
  ...at('flow_dissector', 'flow_dissector'),
  ...at('cgroup_sysctl', 'cgroup_sysctl'),
  ...at('raw_tracepoint_writable'),
  ...at('cgroup_sockopt', 'cgroup_getsockopt', 'cgroup_setsockopt'),
  ...on('tracing', 'trace_raw_tp', 'typedef', ['btf_trace_sched_switch', 'btf_trace_kfree_skb']),
  ...on('tracing', 'trace_fentry', 'func', ['bpf_fentry_test1']),
  ...on('tracing', 'trace_fexit', 'func', ['bpf_fentry_test1']),
  ...on('tracing', 'modify_return', 'func', ['bpf_modify_return_test']),
  ...on('tracing', 'trace_iter', 'func', ['bpf_iter_task', 'bpf_iter_task_file']),
  ...on('tracing', 'trace_iter', 'func', ['bpf_iter_task'], true),
  ...on('struct_ops', '', 'struct', ['tcp_congestion_ops']),
  ...on('lsm', 'lsm_mac', 'func', ['bpf_lsm_file_open']),
  ...on('lsm', 'lsm_mac', 'func', ['bpf_lsm_file_open'], true),
  ...on('lsm', 'lsm_cgroup', 'func', ['bpf_lsm_socket_connect']),
  ...at('sk_lookup', 'sk_lookup'),
  ...sleepable(at('syscall')),
  ...at('netfilter', 'netfilter'),
];

const SLEEPABLE = 1 << 4;
let vmlinux: Btf | undefined;

function kernelBtf(): Btf {
  vmlinux ??= parseBtf(readFileSync('/sys/kernel/btf/vmlinux'), 'vmlinux').btf;
  return vmlinux;
}

/** Id of a type in the running kernel's BTF; 0 when it has none. */
const kernelTypeId = (kind: BtfKind, name: string): number => findType(kernelBtf(), name, kind) ?? 0;

/** Offset of a member, possibly inside unnamed unions, in bytes; 0 when there is none. */
export function kernelOffset(struct: string, member: string): number {
  const btf = kernelBtf();
  const find = (id: number): number | undefined => {
    const type = btf.types[id];
    if (type === undefined || !('members' in type)) return undefined;
    for (const { name, type: inner, bitOffset } of type.members) {
      if (name === member) return bitOffset / 8;
      const nested = name === '' ? find(inner) : undefined;
      if (nested !== undefined) return bitOffset / 8 + nested;
    }
    return undefined;
  };
  return find(kernelTypeId('struct', struct)) ?? 0;
}

export function numbersOf({ type, attachType, sleepable, target }: Place): PlaceNumbers {
  return {
    type: programTypeNumber(type),
    attachType:
      attachType === '' && type !== 'struct_ops' ? 0 : Math.max(0, ATTACH_TYPES.indexOf(attachType)),
    flags: sleepable ? SLEEPABLE : 0,
    attachBtfId: target === undefined ? 0 : kernelTypeId(...target),
  };
}

export const placeName = ({ type, attachType, sleepable, target }: Place): string =>
  [type, attachType, target?.[1] ?? '', sleepable ? 'sleepable' : ''].filter((part) => part !== '').join('/');

export const placesNamed = (names: readonly string[]): readonly Place[] =>
  PLACES.filter((place) => names.includes(placeName(place)));

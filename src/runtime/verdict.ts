import type { Program, ProgramType } from '../frontend/program.ts';

const xdp = ['XDP_ABORTED', 'XDP_DROP', 'XDP_PASS', 'XDP_TX', 'XDP_REDIRECT'];
const tc = [
  'TC_ACT_OK',
  'TC_ACT_RECLASSIFY',
  'TC_ACT_SHOT',
  'TC_ACT_PIPE',
  'TC_ACT_STOLEN',
  'TC_ACT_QUEUED',
  'TC_ACT_REPEAT',
  'TC_ACT_REDIRECT',
  'TC_ACT_TRAP',
];

const tcVerdict = (value: number): string => (value === -1 ? 'TC_ACT_UNSPEC' : (tc[value] ?? String(value)));
const keepOrDrop = (value: number): string => (value === 0 ? 'drop' : 'keep');
const allow = (value: number): string => (value === 1 ? 'allow' : value === 0 ? 'deny' : String(value));
const xdpVerdict = (value: number): string => xdp[value] ?? String(value);

/** Actions by their upper 16 bits (SECCOMP_RET_ACTION_FULL); what is none of them ends the process as well. */
const seccomp: ReadonlyMap<number, string> = new Map([
  [0x0000, 'SECCOMP_RET_KILL_THREAD'],
  [0x0003, 'SECCOMP_RET_TRAP'],
  [0x0005, 'SECCOMP_RET_ERRNO'],
  [0x7fc0, 'SECCOMP_RET_USER_NOTIF'],
  [0x7ff0, 'SECCOMP_RET_TRACE'],
  [0x7ffc, 'SECCOMP_RET_LOG'],
  [0x7fff, 'SECCOMP_RET_ALLOW'],
]);
const seccompVerdict = (value: number): string => seccomp.get(value >>> 16) ?? 'SECCOMP_RET_KILL_PROCESS';

/** What verdicts are named by: a program's type, or that it is a filter of system calls. */
export type VerdictKind = ProgramType | 'seccomp';

export const verdictKind = ({ type, classic }: Pick<Program, 'type' | 'classic'>): VerdictKind =>
  classic === 'seccomp' ? classic : type;

const pass = (value: number): string => (value === 1 ? 'SK_PASS' : value === 0 ? 'SK_DROP' : String(value));
const netfilter = (value: number): string => ['NF_DROP', 'NF_ACCEPT'][value] ?? String(value);

/** enum bpf_ret_code */
const codes: ReadonlyMap<number, string> = new Map([
  [0, 'BPF_OK'],
  [2, 'BPF_DROP'],
  [7, 'BPF_REDIRECT'],
  [128, 'BPF_LWT_REROUTE'],
  [129, 'BPF_FLOW_DISSECTOR_CONTINUE'],
]);
const code = (value: number): string => codes.get(value) ?? String(value);

/** Bit 0 allows; bit 1 is for those who bind: CAP_NET_BIND_SERVICE is not asked for. */
const allowBind = (value: number): string => ((value & 1) === 1 ? 'allow' : 'deny');

const named: Partial<Record<VerdictKind, (value: number) => string>> = {
  seccomp: seccompVerdict,
  xdp: xdpVerdict,
  sched_cls: tcVerdict,
  sched_act: tcVerdict,
  socket_filter: keepOrDrop,
  cgroup_skb: allow,
  cgroup_sock: allow,
  cgroup_sock_addr: allowBind,
  cgroup_device: allow,
  cgroup_sysctl: allow,
  cgroup_sockopt: allow,
  sk_lookup: pass,
  sk_msg: pass,
  sk_skb: pass,
  sk_reuseport: pass,
  netfilter,
  lwt_in: code,
  lwt_out: code,
  lwt_xmit: code,
  lwt_seg6local: code,
  flow_dissector: code,
};

/** Names verdicts of a type by the low 32 bits of r0, signed; undefined where the type gives them no meaning. */
export const verdictsOf = (type: VerdictKind): ((low: number) => string) | undefined => named[type];

/**
 * The name of a verdict by the program's type (XDP_PASS, TC_ACT_SHOT, keep, SECCOMP_RET_ALLOW …); r0 as an unsigned decimal where the
 * type gives it no meaning.
 */
export function verdictName(type: VerdictKind, r0: bigint): string {
  const name = named[type];
  return name ? name(Number(BigInt.asIntN(32, r0))) : BigInt.asUintN(64, r0).toString();
}

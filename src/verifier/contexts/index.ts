/**
 * Contexts of the program types of Linux 6.18: what r1 points to, who may read and write which field, what a load
 * yields, and what the program may return. Compared with the kernel access by access (test/verifier/contexts).
 */
import type { ProgramType } from '../../frontend/program.ts';
import { attachTypeInForce } from './attach.ts';
import { cgroupDevice, cgroupSysctl, getsockopt, setsockopt } from './tables/cgroups.ts';
import {
  cgroupSkb,
  cgroupSkbUnprivileged,
  flowDissector,
  lwt,
  lwtXmit,
  sched,
  skSkb,
  socketFilter,
} from './tables/skb.ts';
import {
  cgroupPostBind4,
  cgroupPostBind6,
  cgroupSock,
  sendmsg4,
  sendmsg6,
  skLookup,
  skMsg,
  skReuseport,
  sockAddr4,
  sockAddr6,
  sockAddrUnix,
  sockOps,
} from './tables/sockets.ts';
import {
  kprobe,
  lircMode2,
  netfilter,
  perfEvent,
  rawTracepoint,
  rawTracepointWritable,
  syscall,
  tracepoint,
} from './tables/tracing.ts';
import { xdp, xdpDevmap } from './tables/xdp.ts';
import type { Context } from './types.ts';

export { accessContext, accessStructure } from './access.ts';
export { attachTypeInForce, attachTypesOf } from './attach.ts';
export { defineContext } from './define.ts';
export * from './fields.ts';
export { accessPointee, type Pointee, structureOf } from './pointees.ts';
export { type ExitValue, type ReturnRange, refuseReturn, returnRangeOf } from './returns.ts';
export type * from './types.ts';

type ByAttachType = readonly (readonly [attachTypes: RegExp, context: Context])[];

const ANY = /^/;

const CONTEXTS: Readonly<Partial<Record<ProgramType, Context | ByAttachType>>> = {
  socket_filter: socketFilter,
  kprobe,
  sched_cls: sched,
  sched_act: sched,
  tracepoint,
  xdp: [
    [/^xdp_devmap$/, xdpDevmap],
    [ANY, xdp],
  ],
  perf_event: perfEvent,
  cgroup_skb: cgroupSkb,
  cgroup_sock: [
    [/inet4_post_bind$/, cgroupPostBind4],
    [/inet6_post_bind$/, cgroupPostBind6],
    [ANY, cgroupSock],
  ],
  lwt_in: lwt,
  lwt_out: lwt,
  lwt_xmit: lwtXmit,
  sock_ops: sockOps,
  sk_skb: skSkb,
  cgroup_device: cgroupDevice,
  sk_msg: skMsg,
  raw_tracepoint: rawTracepoint,
  cgroup_sock_addr: [
    [/udp4_sendmsg$/, sendmsg4],
    [/udp6_sendmsg$/, sendmsg6],
    [/(inet|udp)4_/, sockAddr4],
    [/(inet|udp)6_/, sockAddr6],
    [ANY, sockAddrUnix],
  ],
  lwt_seg6local: lwt,
  lirc_mode2: lircMode2,
  sk_reuseport: skReuseport,
  flow_dissector: flowDissector,
  cgroup_sysctl: cgroupSysctl,
  raw_tracepoint_writable: rawTracepointWritable,
  cgroup_sockopt: [
    [/getsockopt$/, getsockopt],
    [ANY, setsockopt],
  ],
  sk_lookup: skLookup,
  syscall,
  netfilter,
};

const isContext = (found: Context | ByAttachType): found is Context => 'fields' in found;

/**
 * What r1 points to.
 *
 * @param attachType expected attach type: BPF_* in lower case; `''` or undefined for none
 * @returns undefined for attach types the kernel refuses, and for types whose context is a function's arguments by
 *   BTF (tracing, lsm, struct_ops) or another program's (ext)
 */
export function contextOf(type: ProgramType, attachType?: string): Context | undefined {
  const inForce = attachTypeInForce(type, attachType);
  const found = CONTEXTS[type];
  if (found === undefined || inForce === undefined) return undefined;
  if (isContext(found)) return found;
  return found.find(([attachTypes]) => attachTypes.test(inForce))?.[1];
}

/** The program types that the kernel loads for users without capabilities, where it does so at all. */
const UNPRIVILEGED: Readonly<Partial<Record<ProgramType, Context>>> = {
  socket_filter: socketFilter,
  cgroup_skb: cgroupSkbUnprivileged,
};

/**
 * What r1 points to in a program of a user without CAP_BPF.
 *
 * @returns undefined for programs that such a user may not load
 */
export function unprivilegedContextOf(type: ProgramType, attachType?: string): Context | undefined {
  return attachTypeInForce(type, attachType) === undefined ? undefined : UNPRIVILEGED[type];
}

import {
  CTX_SKB,
  RUN_CTX,
  SKB_HASH,
  SKB_PKT_TYPE,
  SKB_PROTOCOL,
  SKB_TSTAMP,
  SKB_TSTAMP_TYPE,
} from '../../src/abi/layout';
import { EINVAL, EOPNOTSUPP } from '../../src/abi/maps';
import { SKB_CLASSID, SKB_HASH_KNOWN, SKB_REALM } from '../../src/abi/packets';
import {
  PROG_TYPE_LWT_IN,
  PROG_TYPE_LWT_SEG6LOCAL,
  PROG_TYPE_LWT_XMIT,
  PROG_TYPE_SCHED_ACT,
  PROG_TYPE_SCHED_CLS,
} from '../../src/abi/programTypes';
import { zero } from '../memory/bytes';
import { run } from '../run/state';
import { contextArgument, errno, memoryArgument } from './arguments';
import { flowHash } from './flow';
import { programType } from './socketArguments';
import { clearHash, context, more, openSkb, setContextField, setMore } from './sockbuf';

// What belongs to a socket buffer beside its packet: net/core/filter.c.

/** PACKET_OTHERHOST, the last type that helpers may give. */
const PKT_TYPE_MAX: u32 = 3;
/** In network byte order. */
const ETH_P_IP: u32 = 0x0008;
const ETH_P_IPV6: u32 = 0xdd86;
const CLOCK_REALTIME: u32 = 0;
const CLOCK_TAI: u32 = 2;

/** bpf_skb_change_type(skb, type) */
export function bpf_skb_change_type(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  if (context(SKB_PKT_TYPE) > PKT_TYPE_MAX || (r2 as u32) > PKT_TYPE_MAX) return errno(-EINVAL);
  setContextField(SKB_PKT_TYPE, r2 as u32);
  return 0;
}

/** bpf_get_hash_recalc(skb): the kernel's is random from boot to boot; ours is a function of the flow. */
export function bpf_get_hash_recalc(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  if (!more(SKB_HASH_KNOWN)) {
    setContextField(SKB_HASH, flowHash());
    setMore(SKB_HASH_KNOWN, 1);
  }
  return context(SKB_HASH);
}

export function bpf_set_hash_invalid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  clearHash();
  return 0;
}

export function bpf_set_hash(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  setContextField(SKB_HASH, r2 as u32);
  setMore(SKB_HASH_KNOWN, 1);
  return 0;
}

/** bpf_skb_set_tstamp(skb, tstamp, tstamp_type) */
export function bpf_skb_set_tstamp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const protocol = context(SKB_PROTOCOL);
  const type = r3 as u32;
  if (protocol != ETH_P_IP && protocol != ETH_P_IPV6) return errno(-EOPNOTSUPP);
  if (type > CLOCK_TAI || (type != CLOCK_REALTIME && r2 == 0)) return errno(-EINVAL);
  const ctx = load<u32>(run, RUN_CTX);
  store<u64>(ctx, r2, SKB_TSTAMP);
  store<u8>(ctx, type as u8, SKB_TSTAMP_TYPE);
  return 0;
}

/** bpf_skb_cgroup_classid(skb): the net_cls class that the host gives. */
export function bpf_skb_cgroup_classid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  return more(SKB_CLASSID);
}

/** tc, and lightweight tunnels. */
function hasPacketClass(type: u32): bool {
  if (type == PROG_TYPE_SCHED_CLS || type == PROG_TYPE_SCHED_ACT || type == PROG_TYPE_LWT_SEG6LOCAL) return true;
  return type >= <u32>PROG_TYPE_LWT_IN && type <= <u32>PROG_TYPE_LWT_XMIT;
}

/** bpf_get_cgroup_classid(skb): the same in tc programs; elsewhere of the current task, which is in no class (0). */
export function bpf_get_cgroup_classid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return hasPacketClass(programType()) ? bpf_skb_cgroup_classid(r1, r2, r3, r4, r5) : 0;
}

/** bpf_get_route_realm(skb): what the host says of the route the packet takes. */
export function bpf_get_route_realm(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  return more(SKB_REALM);
}

/** bpf_skb_get_xfrm_state(skb, index, xfrm_state, size, flags): packets here have come through no IPsec. */
export function bpf_skb_get_xfrm_state(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  zero(memoryArgument(r3, r4, 1), r4 as u32);
  return errno(-EINVAL);
}

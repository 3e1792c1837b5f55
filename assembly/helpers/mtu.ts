import { CTX_XDP, SKB_GSO_SIZE } from '../../src/abi/layout';
import { EINVAL, ENODEV } from '../../src/abi/maps';
import { DEVICE_MTU } from '../../src/abi/network';
import { device } from '../network/tables';
import { ETH_HLEN } from '../run/packet';
import { anyContextArgument, contextKind, errno, memoryArgument } from './arguments';
import { packetLength } from './packet';
import { payloadOffset } from './payload';
import { context } from './sockbuf';
import { contextDevice } from './socketArguments';

// Whether packets fit through an interface: bpf_*_check_mtu() of net/core/filter.c, is_skb_forwardable() of dev.c.

const VLAN_HLEN: u32 = 4;
/** BPF_MTU_CHK_SEGS */
const SEGMENTS: u64 = 1;

const FITS: i32 = 0;
const FRAGMENTATION_NEEDED: i32 = 1;
const SEGMENTS_TOO_BIG: i32 = 2;

/** Socket buffers that stand for several packets are cut to fit. */
export function isForwardable(mtu: u32): bool {
  return packetLength() <= mtu + ETH_HLEN + VLAN_HLEN || context(SKB_GSO_SIZE) != 0;
}

function segmentLength(): u32 {
  return payloadOffset() - ETH_HLEN + context(SKB_GSO_SIZE);
}

function tooLong(mtu: u32, flags: u64): i32 {
  if (contextKind() == CTX_XDP || context(SKB_GSO_SIZE) == 0) return FRAGMENTATION_NEEDED;
  return flags & SEGMENTS && segmentLength() > mtu ? SEGMENTS_TOO_BIG : FITS;
}

/** bpf_check_mtu(ctx, ifindex, mtu_len, len_diff, flags): of an interface of `engine.network`. */
export function bpf_check_mtu(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContextArgument(r1);
  const length = memoryArgument(r3, 4, 1);
  const difference: i64 = <i32>r4;
  const told = load<u32>(length);
  if (r5 & ~(contextKind() == CTX_XDP ? 0 : SEGMENTS)) return errno(-EINVAL);
  if (r5 && (difference || told)) return errno(-EINVAL);
  const through = device(<u32>r2 ? <u32>r2 : contextDevice());
  if (through == 0) return errno(-ENODEV);
  const mtu = load<u32>(through, DEVICE_MTU);
  const whole: i64 = told ? told + ETH_HLEN : packetLength();
  store<u32>(length, mtu);
  return errno(<i32>(whole + difference) <= <i32>(mtu + ETH_HLEN) ? FITS : tooLong(mtu, r5));
}

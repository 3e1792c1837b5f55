import { CTX_SKB, SKB_GSO_SEGS, SKB_GSO_SIZE, SKB_PROTOCOL } from '../../src/abi/layout';
import { EALREADY, EFAULT, EINVAL, ENOMEM, ENOTSUPP } from '../../src/abi/maps';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  RUN_SKB_MAC,
  RUN_SKB_NETWORK,
  RUN_SKB_TRANSPORT,
  SKB_CSUM_OFFSET,
  SKB_CSUM_START,
  SKB_ENCAPSULATION,
  SKB_GSO_DODGY,
  SKB_GSO_GRE,
  SKB_GSO_IPXIP4,
  SKB_GSO_IPXIP6,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  SKB_GSO_TYPE,
  SKB_GSO_UDP_L4,
  SKB_GSO_UDP_TUNNEL,
  SKB_IP_SUMMED,
  SKB_MAX_LEN,
} from '../../src/abi/packets';
import { run } from '../run/state';
import { charge, contextArgument, errno } from './arguments';
import { resetLevel } from './checksumLevel';
import { packetLength } from './packet';
import {
  clearHash,
  context,
  macHeader,
  makeHeadroom,
  makeTailroom,
  more,
  networkHeader,
  networkOffset,
  openSkb,
  packetData,
  packetEnd,
  setBounds,
  setContextField,
  setMore,
  sumPulled,
} from './sockbuf';

// Helpers that make socket buffers longer or shorter: net/core/filter.c.

/** In network byte order. */
const ETH_P_IP: u32 = 0x0008;
const ETH_P_IPV6: u32 = 0xdd86;
const IPV4_HLEN: u32 = 20;
const IPV6_HLEN: u32 = 40;
const ETH_HLEN: u32 = 14;

function isGso(): bool {
  return context(SKB_GSO_SIZE) != 0;
}

function macLength(): u32 {
  return networkHeader() - macHeader();
}

function setHeaders(by: i32): void {
  const transport = load<u32>(run, RUN_SKB_TRANSPORT);
  const together = transport == networkHeader();
  store<u32>(run, macHeader() + by, RUN_SKB_MAC);
  store<u32>(run, networkHeader() + by, RUN_SKB_NETWORK);
  if (together) store<u32>(run, networkHeader(), RUN_SKB_TRANSPORT);
}

/** bpf_skb_net_hdr_push(): `size` zeros at `offset`, for which there is headroom. */
function pushBytes(offset: u32, size: u32): void {
  const data = packetData() - size;
  const before = min<u32>(offset, packetLength());
  charge(before + size);
  memory.copy(data, data + size, before);
  memory.fill(data + before, 0, min<u32>(offset + size, packetEnd() - data) - before);
  setBounds(data, packetEnd());
  setHeaders(0 - size);
}

/** bpf_skb_net_hdr_pop() */
function popBytes(offset: u32, size: u32): i32 {
  const data = packetData();
  if ((offset as u64) + size > (packetLength() as u64)) return -ENOMEM;
  charge(offset);
  sumPulled(data + offset, size, offset);
  memory.copy(data + size, data, offset);
  setBounds(data + size, packetEnd());
  setHeaders(size);
  return 0;
}

/** What segments are made of what is left in gso_size: their number is to be counted again. */
function regroup(type: u32, bytes: i32): void {
  setContextField(SKB_GSO_SIZE, (context(SKB_GSO_SIZE) + bytes) & 0xffff);
  setMore(SKB_GSO_TYPE, more(SKB_GSO_TYPE) | type);
  setContextField(SKB_GSO_SEGS, 0);
}

function exchangeGsoType(from: u32, to: u32): void {
  const type = more(SKB_GSO_TYPE);
  if (isGso() && type & from) setMore(SKB_GSO_TYPE, (type & ~from) | to);
}

function toIpv6(): i32 {
  if (!makeHeadroom(IPV6_HLEN - IPV4_HLEN)) return -ENOMEM;
  pushBytes(macLength(), IPV6_HLEN - IPV4_HLEN);
  exchangeGsoType(SKB_GSO_TCPV4, SKB_GSO_TCPV6);
  setContextField(SKB_PROTOCOL, ETH_P_IPV6);
  clearHash();
  return 0;
}

function toIpv4(): i32 {
  const error = popBytes(macLength(), IPV6_HLEN - IPV4_HLEN);
  if (error) return error;
  exchangeGsoType(SKB_GSO_TCPV6, SKB_GSO_TCPV4);
  setContextField(SKB_PROTOCOL, ETH_P_IP);
  clearHash();
  return 0;
}

/** bpf_skb_change_proto(skb, proto, flags): room for the other version's header, which the program fills in. */
export function bpf_skb_change_proto(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  if (r3) return errno(-EINVAL);
  openSkb();
  const from = context(SKB_PROTOCOL);
  const to = (r2 as u32) & 0xffff;
  if (from == ETH_P_IP && to == ETH_P_IPV6) return errno(toIpv6());
  if (from == ETH_P_IPV6 && to == ETH_P_IP) return errno(toIpv4());
  return errno(-ENOTSUPP);
}

// ---- bpf_skb_adjust_room ----------------------------------------------------------------------------------

const MODE_NET: u32 = 0;
const MODE_MAC: u32 = 1;
const FIXED_GSO: u64 = 1;
const ENCAP_L3_IPV4: u64 = 2;
const ENCAP_L3_IPV6: u64 = 4;
const ENCAP_L4_GRE: u64 = 8;
const ENCAP_L4_UDP: u64 = 16;
const NO_CSUM_RESET: u64 = 32;
const ENCAP_L2_ETH: u64 = 64;
const DECAP_L3_IPV4: u64 = 128;
const DECAP_L3_IPV6: u64 = 256;
const ENCAP_L3: u64 = ENCAP_L3_IPV4 | ENCAP_L3_IPV6;
const ENCAP_L4: u64 = ENCAP_L4_GRE | ENCAP_L4_UDP;
const DECAP_L3: u64 = DECAP_L3_IPV4 | DECAP_L3_IPV6;
const L2_SHIFT: u64 = 56;
const ALL_FLAGS: u64 =
  FIXED_GSO | ENCAP_L3 | ENCAP_L4 | NO_CSUM_RESET | ENCAP_L2_ETH | DECAP_L3 | (0xff << L2_SHIFT);
const DIFFERENCE_MAX: u32 = 0xfff;

function baseLength(): u32 {
  return context(SKB_PROTOCOL) == ETH_P_IP ? IPV4_HLEN : IPV6_HLEN;
}

/** gso_size of datagrams tells where they end: it must stay. */
function gsoError(flags: u64): i32 {
  const type = more(SKB_GSO_TYPE);
  if (!isGso() || type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) return 0;
  return type & SKB_GSO_UDP_L4 && flags & FIXED_GSO ? 0 : -ENOTSUPP;
}

function encapsulationError(size: u32, flags: u64): i32 {
  const inner = (flags >> L2_SHIFT) as u32;
  if ((flags & ENCAP_L3) == ENCAP_L3 || (flags & ENCAP_L4) == ENCAP_L4) return -EINVAL;
  if (flags & ENCAP_L2_ETH && inner < ETH_HLEN) return -EINVAL;
  if (more(SKB_ENCAPSULATION)) return -EALREADY;
  return inner > size ? -EINVAL : 0;
}

function tunnelType(flags: u64): u32 {
  if (flags & ENCAP_L4_UDP) return SKB_GSO_UDP_TUNNEL;
  if (flags & ENCAP_L4_GRE) return SKB_GSO_GRE;
  return flags & ENCAP_L3_IPV6 ? SKB_GSO_IPXIP6 : SKB_GSO_IPXIP4;
}

/** The packet's headers are those of the tunnel from now on. */
function encapsulate(macLength: u32, flags: u64): void {
  setMore(SKB_ENCAPSULATION, 1);
  store<u32>(run, packetData() + macLength, RUN_SKB_NETWORK);
  const ipv6 = (flags & ENCAP_L3_IPV6) != 0;
  if (flags & ENCAP_L4) {
    store<u32>(run, networkHeader() + (ipv6 ? IPV6_HLEN : IPV4_HLEN), RUN_SKB_TRANSPORT);
  }
  setContextField(SKB_PROTOCOL, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
}

function growRoom(offset: u32, size: u32, flags: u64): i32 {
  const refused = gsoError(flags);
  if (refused) return refused;
  if (!makeHeadroom(size)) return -ENOMEM;
  const encapsulates = (flags & ENCAP_L3) != 0;
  const error = encapsulates ? encapsulationError(size, flags) : 0;
  if (error) return error;
  const length = macLength();
  pushBytes(offset, size);
  if (encapsulates) encapsulate(length, flags);
  const type: u32 = encapsulates ? tunnelType(flags) : 0;
  if (isGso()) regroup(SKB_GSO_DODGY | type, flags & FIXED_GSO ? 0 : 0 - size);
  return 0;
}

function shrinkRoom(offset: u32, size: u32, flags: u64): i32 {
  if (flags & ~(FIXED_GSO | DECAP_L3 | NO_CSUM_RESET)) return -EINVAL;
  const refused = gsoError(flags);
  if (refused) return refused;
  const error = popBytes(offset, size);
  if (error) return error;
  if (flags & DECAP_L3_IPV6) setContextField(SKB_PROTOCOL, ETH_P_IPV6);
  if (flags & DECAP_L3_IPV4) setContextField(SKB_PROTOCOL, ETH_P_IP);
  if (isGso()) regroup(SKB_GSO_DODGY, flags & FIXED_GSO ? 0 : (size as i32));
  return 0;
}

/** Bytes that must be left from the network header on. */
function leastLength(flags: u64): u32 {
  if ((flags & DECAP_L3) == 0) return baseLength();
  return flags & DECAP_L3_IPV4 ? IPV4_HLEN : IPV6_HLEN;
}

function lengthError(difference: i32, flags: u64): i32 {
  const shrinks = difference < 0;
  if (flags & DECAP_L3 && (!shrinks || (flags & DECAP_L3) == DECAP_L3)) return -EINVAL;
  const current: i64 = (packetLength() as i64) - networkOffset();
  const left = current + difference;
  if (shrinks) return left <= 0 || left < (leastLength(flags) as i64) ? -ENOTSUPP : 0;
  return (packetLength() as i64) + difference > SKB_MAX_LEN && !isGso() ? -ENOTSUPP : 0;
}

/** bpf_skb_adjust_room(skb, len_diff, mode, flags): room behind the network header, or behind the link header. */
export function bpf_skb_adjust_room(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  const difference = r2 as i32;
  const size: u32 = difference < 0 ? 0 - difference : difference;
  const mode = r3 as u32;
  const protocol = context(SKB_PROTOCOL);
  if (r4 & ~ALL_FLAGS) return errno(-EINVAL);
  if (size > DIFFERENCE_MAX) return errno(-EFAULT);
  if (protocol != ETH_P_IP && protocol != ETH_P_IPV6) return errno(-ENOTSUPP);
  if (mode != MODE_NET && mode != MODE_MAC) return errno(-ENOTSUPP);
  const refused = lengthError(difference, r4);
  if (refused) return errno(refused);
  const offset = mode == MODE_NET ? macLength() + baseLength() : macLength();
  const error = difference < 0 ? shrinkRoom(offset, size, r4) : growRoom(offset, size, r4);
  if (!error && !(r4 & NO_CSUM_RESET)) resetLevel();
  return errno(error);
}

// ---- bpf_skb_change_tail, bpf_skb_change_head -------------------------------------------------------------

/** The headers must stay whole. */
function shortest(): u32 {
  let length = networkOffset();
  const transport = load<u32>(run, RUN_SKB_TRANSPORT);
  if (transport) length = (transport - packetData()) as i32;
  if (more(SKB_IP_SUMMED) == CHECKSUM_PARTIAL) {
    length = (more(SKB_CSUM_START) - packetData() + more(SKB_CSUM_OFFSET) + 2) as i32;
  }
  return length > 0 ? length : 0;
}

function resize(length: u32): i32 {
  const old = packetLength();
  if (length > old) {
    if (!makeTailroom(length - old)) return -ENOMEM;
    charge(length - old);
    memory.fill(packetEnd(), 0, length - old);
  }
  if (length != old && more(SKB_IP_SUMMED) == CHECKSUM_COMPLETE) setMore(SKB_IP_SUMMED, CHECKSUM_NONE);
  setBounds(packetData(), packetData() + length);
  return 0;
}

/** bpf_skb_change_tail(skb, len, flags): new bytes are zero; what is segmented is not any more. */
export function bpf_skb_change_tail(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  const length = r2 as u32;
  if (r3 || length > (SKB_MAX_LEN as u32) || length < shortest()) return errno(-EINVAL);
  if (more(SKB_ENCAPSULATION)) return errno(-ENOTSUPP);
  const error = resize(length);
  if (error) return errno(error);
  if (isGso()) {
    setContextField(SKB_GSO_SIZE, 0);
    setContextField(SKB_GSO_SEGS, 0);
    setMore(SKB_GSO_TYPE, 0);
  }
  return 0;
}

/** bpf_skb_change_head(skb, len, flags): `len` zeros in front, where a link header will stand. */
export function bpf_skb_change_head(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  const size = r2 as u32;
  const length = (packetLength() as u64) + size;
  if (r3 || (size as i32) < 0 || (length > (SKB_MAX_LEN as u64) && !isGso())) return errno(-EINVAL);
  if (!makeHeadroom(size)) return errno(-ENOMEM);
  charge(size);
  const data = packetData() - size;
  memory.fill(data, 0, size);
  setBounds(data, packetEnd());
  store<u32>(run, data, RUN_SKB_MAC);
  return 0;
}

import { SKB_PROTOCOL } from '../../src/abi/layout';
import { packetBytes } from '../run/packet';
import { context, networkHeader } from './sockbuf';

// The flow that a packet belongs to, and its hash: both directions have the same, as in the kernel.

/** In network byte order. */
const ETH_P_8021Q: u32 = 0x0081;
const ETH_P_8021AD: u32 = 0xa888;
const ETH_P_IP: u32 = 0x0008;
const ETH_P_IPV6: u32 = 0xdd86;
const VLAN_HLEN: u32 = 4;
const TAGS_MAX: i32 = 8;
const FRAGMENT: u32 = 0xff3f; // MF and the offset, as they stand in the packet
const TCP: u32 = 6;
const UDP: u32 = 17;
const DCCP: u32 = 33;
const SCTP: u32 = 132;
const UDPLITE: u32 = 136;

/** The finalizer of splitmix64. */
function mix(value: u64): u64 {
  value = (value ^ (value >> 30)) * 0xbf58_476d_1ce4_e5b9;
  value = (value ^ (value >> 27)) * 0x94d0_49bb_1331_11eb;
  return value ^ (value >> 31);
}

/** Of bytes (a multiple of 4). */
function hashOf(at: u32, size: u32): u64 {
  let hash: u64 = size;
  for (; size; size -= 4, at += 4) hash = mix(hash ^ load<u32>(at));
  return hash;
}

/** Of two ends, whichever comes first. */
function ends(source: u32, destination: u32, size: u32): u64 {
  return hashOf(source, size) + hashOf(destination, size);
}

function hasPorts(protocol: u32): bool {
  return protocol == TCP || protocol == UDP || protocol == DCCP || protocol == SCTP || protocol == UDPLITE;
}

function withPorts(hash: u64, protocol: u32, at: u32, offset: u32): u64 {
  const ports = hasPorts(protocol) ? packetBytes(at, offset, 4) : 0;
  const numbers: u64 = ports ? mix(load<u16>(ports)) + mix(load<u16>(ports + 2)) : 0;
  return mix(hash ^ mix(protocol) ^ numbers);
}

function ipv4(at: u32): u64 {
  const header = packetBytes(at, 0, 20);
  if (header == 0) return 0;
  const hash = ends(header + 12, header + 16, 4);
  const size = ((load<u8>(header) & 15) as u32) * 4;
  if (load<u16>(header, 6) & FRAGMENT) return mix(hash);
  return withPorts(hash, load<u8>(header, 9), header, size);
}

function ipv6(at: u32): u64 {
  const header = packetBytes(at, 0, 40);
  return header ? withPorts(ends(header + 8, header + 24, 16), load<u8>(header, 6), header, 40) : 0;
}

function isVlan(protocol: u32): bool {
  return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD;
}

/** The protocol behind VLAN tags in the packet, or 0. */
export function innerProtocol(): u32 {
  let protocol = context(SKB_PROTOCOL);
  let at = networkHeader();
  for (let tags = 0; isVlan(protocol); ++tags, at += VLAN_HLEN) {
    const tag = tags < TAGS_MAX ? packetBytes(at, 0, VLAN_HLEN) : 0;
    if (tag == 0) return 0;
    protocol = load<u16>(tag, 2);
  }
  return protocol;
}

/** skb_get_hash(): never 0. */
export function flowHash(): u32 {
  let protocol = context(SKB_PROTOCOL);
  let at = networkHeader();
  for (let tags = 0; isVlan(protocol) && tags < TAGS_MAX; ++tags, at += VLAN_HLEN) {
    const tag = packetBytes(at, 0, VLAN_HLEN);
    protocol = tag ? load<u16>(tag, 2) : 0;
  }
  const hash = protocol == ETH_P_IP ? ipv4(at) : protocol == ETH_P_IPV6 ? ipv6(at) : mix(protocol);
  return max<u32>(hash as u32, 1);
}

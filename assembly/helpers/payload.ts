/**
 * Where a packet's payload begins: skb_get_poff() of net/core/flow_dissector.c. VLANs, PPPoE, IPv4, IPv6 with its
 * extension headers, IP in IP and GRE (version 0) are followed; at any other protocol the headers end.
 */
import { RUN_CTX, RUN_PKT_DATA, SKB_PROTOCOL } from '../../src/abi/layout';
import { ETH_HLEN, linkHeader } from '../run/packet';
import { run } from '../run/state';
import { packetLength } from './packet';

const ETH_P_IP: u32 = 0x0800;
const ETH_P_ARP: u32 = 0x0806;
const ETH_P_TEB: u32 = 0x6558;
const ETH_P_8021Q: u32 = 0x8100;
const ETH_P_IPV6: u32 = 0x86dd;
const ETH_P_MPLS_UC: u32 = 0x8847;
const ETH_P_MPLS_MC: u32 = 0x8848;
const ETH_P_PPP_SES: u32 = 0x8864;
const ETH_P_8021AD: u32 = 0x88a8;
const PPP_IP: u32 = 0x21;
const PPP_IPV6: u32 = 0x57;

const IPPROTO_HOPOPTS: u32 = 0;
const IPPROTO_ICMP: u32 = 1;
const IPPROTO_IGMP: u32 = 2;
const IPPROTO_IPIP: u32 = 4;
const IPPROTO_TCP: u32 = 6;
const IPPROTO_UDP: u32 = 17;
const IPPROTO_DCCP: u32 = 33;
const IPPROTO_IPV6: u32 = 41;
const IPPROTO_ROUTING: u32 = 43;
const IPPROTO_FRAGMENT: u32 = 44;
const IPPROTO_GRE: u32 = 47;
const IPPROTO_ICMPV6: u32 = 58;
const IPPROTO_DSTOPTS: u32 = 60;
const IPPROTO_SCTP: u32 = 132;
const IPPROTO_UDPLITE: u32 = 136;

const IP_MF: u32 = 0x2000;
const IP_OFFSET: u32 = 0x1fff;
const IP6_OFFSET: u32 = 0xfff8;
const TCP_HEADER: u32 = 20;

/** MAX_FLOW_DISSECT_HDRS: headers that are looked at. */
const HEADERS_MAX: u32 = 15;

/** What the last header that was looked at says. */
const GOOD: u32 = 0;
const BAD: u32 = 1;
/** Another header of the network layer, `protocol`, is at `offset`. */
const NETWORK: u32 = 2;
/** A header of `transport` is at `offset`. */
const TRANSPORT: u32 = 3;

let offset: u32 = 0;
let protocol: u32 = 0;
let transport: u32 = 0;
/** A fragment that is not the first: what follows is no header. */
let later: bool = false;

/** Address of the next `size` bytes, 0 when the packet ends before. */
function header(size: u32): u32 {
  const length = packetLength();
  if (offset > length || size > length - offset) return 0;
  return load<u32>(run, RUN_PKT_DATA) + offset;
}

function be16(address: u32, at: u32): u32 {
  return bswap<u16>(load<u16>(address + at));
}

function ipv4(): u32 {
  const ip = header(20);
  const words: u32 = ip == 0 ? 0 : load<u8>(ip) & 0xf;
  if (words < 5) return BAD;
  const fragment = be16(ip, 6);
  transport = load<u8>(ip + 9);
  offset += words * 4;
  if ((fragment & (IP_MF | IP_OFFSET)) == 0) return TRANSPORT;
  later = (fragment & IP_OFFSET) != 0;
  return GOOD;
}

function ipv6(): u32 {
  const ip = header(40);
  if (ip == 0) return BAD;
  transport = load<u8>(ip + 6);
  offset += 40;
  return TRANSPORT;
}

function vlan(): u32 {
  const tag = header(4);
  if (tag == 0) return BAD;
  protocol = be16(tag, 2);
  offset += 4;
  return NETWORK;
}

function pppoe(): u32 {
  const session = header(8);
  if (session == 0) return BAD;
  const carried = be16(session, 6);
  offset += 8;
  if (carried != PPP_IP && carried != PPP_IPV6) return BAD;
  protocol = carried == PPP_IP ? ETH_P_IP : ETH_P_IPV6;
  return NETWORK;
}

function network(): u32 {
  switch (protocol) {
    case ETH_P_IP:
      return ipv4();
    case ETH_P_IPV6:
      return ipv6();
    case ETH_P_8021Q:
    case ETH_P_8021AD:
      return vlan();
    case ETH_P_PPP_SES:
      return pppoe();
    case ETH_P_ARP:
    case ETH_P_MPLS_UC:
    case ETH_P_MPLS_MC:
      return GOOD;
    default:
      return BAD;
  }
}

function inner(type: u32): u32 {
  protocol = type;
  return NETWORK;
}

function gre(): u32 {
  const base = header(4);
  if (base == 0) return BAD;
  const flags = be16(base, 0);
  const version = flags & 7;
  const routed = (flags & 0x4000) != 0;
  if (version != 0 || routed) return GOOD;
  protocol = be16(base, 2);
  // Checksum, key and sequence number, where there are any.
  offset += 4 + 4 * (popcnt<u32>(flags & 0xb000) as u32);
  if (protocol != ETH_P_TEB) return NETWORK;
  const ethernet = header(ETH_HLEN);
  if (ethernet == 0) return BAD;
  protocol = be16(ethernet, 12);
  offset += ETH_HLEN;
  return NETWORK;
}

function options(): u32 {
  if (protocol != ETH_P_IPV6) return GOOD;
  const option = header(2);
  if (option == 0) return BAD;
  transport = load<u8>(option);
  offset += ((load<u8>(option, 1) as u32) + 1) << 3;
  return TRANSPORT;
}

function fragment(): u32 {
  if (protocol != ETH_P_IPV6) return GOOD;
  const part = header(8);
  if (part == 0) return BAD;
  transport = load<u8>(part);
  later = (be16(part, 2) & IP6_OFFSET) != 0;
  offset += 8;
  return GOOD;
}

function next(): u32 {
  switch (transport) {
    case IPPROTO_GRE:
      return gre();
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
      return options();
    case IPPROTO_FRAGMENT:
      return fragment();
    case IPPROTO_IPIP:
      return inner(ETH_P_IP);
    case IPPROTO_IPV6:
      return inner(ETH_P_IPV6);
    default:
      return GOOD;
  }
}

/** Leads to the transport header; false for packets that cannot be understood. */
function dissect(): bool {
  let found = NETWORK;
  for (let headers: u32 = 0; found != GOOD; ++headers) {
    if (found == BAD) return false;
    if (headers > HEADERS_MAX) return true;
    found = found == NETWORK ? network() : next();
  }
  return true;
}

/** Bytes of the transport header. */
function transportSize(): u32 {
  switch (transport) {
    case IPPROTO_TCP: {
      const data = load<u32>(run, RUN_PKT_DATA);
      if (offset + 12 >= packetLength()) return 0;
      return max<u32>(TCP_HEADER, (load<u8>(data + offset + 12) & 0xf0) >> 2);
    }
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
    case IPPROTO_IGMP:
      return 8;
    case IPPROTO_DCCP:
    case IPPROTO_SCTP:
      return 12;
    default:
      return 0;
  }
}

/** Offset from the packet's start; 0 when it has no network header that is known. */
export function payloadOffset(): u32 {
  const data = load<u32>(run, RUN_PKT_DATA);
  offset = linkHeader() + ETH_HLEN - data;
  protocol = be16(load<u32>(run, RUN_CTX) + (SKB_PROTOCOL as u32), 0);
  transport = 0;
  later = false;
  if (!dissect()) return 0;
  offset = min<u32>(offset, packetLength());
  return later ? offset : offset + transportSize();
}

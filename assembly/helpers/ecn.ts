import { CTX_SKB } from '../../src/abi/layout';
import { CHECKSUM_COMPLETE, SKB_CSUM, SKB_IP_SUMMED } from '../../src/abi/packets';
import { packetBytes } from '../run/packet';
import { contextArgument } from './arguments';
import { add, subtract } from './checksum';
import { innerProtocol } from './flow';
import { packetLength } from './packet';
import { more, networkHeader, openSkb, setMore } from './sockbuf';

// Explicit congestion notification: include/net/inet_ecn.h.

/** In network byte order. */
const ETH_P_IP: u32 = 0x0008;
const ETH_P_IPV6: u32 = 0xdd86;
const CE: u32 = 3;
const IPV4_HLEN: u32 = 20;
const IPV6_HLEN: u32 = 40;
/** The two bits in the first word of an IPv6 header, as it stands in memory. */
const IPV6_CE: u32 = 0x3000;

function markIpv4(header: u32): u64 {
  const ecn = ((load<u8>(header, 1) as u32) + 1) & CE;
  if (!(ecn & 2)) return ecn == 0 ? 1 : 0;
  const check = (load<u16>(header, 10) as u32) + bswap<u16>((0xfffb + ecn) as u16);
  store<u16>(header, (check + (check >= 0xffff ? 1 : 0)) as u16, 10);
  store<u8>(header, load<u8>(header, 1) | (CE as u8), 1);
  return 1;
}

function markIpv6(header: u32): u64 {
  const from = load<u32>(header);
  if (!(from & IPV6_CE)) return 0;
  store<u32>(header, from | IPV6_CE);
  if (more(SKB_IP_SUMMED) == CHECKSUM_COMPLETE) {
    setMore(SKB_CSUM, add(subtract(more(SKB_CSUM), from), from | IPV6_CE));
  }
  return 1;
}

/** bpf_skb_ecn_set_ce(skb): 1 when the packet says that congestion was met, 0 when it cannot say so. */
export function bpf_skb_ecn_set_ce(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  const protocol = innerProtocol();
  const size = protocol == ETH_P_IP ? IPV4_HLEN : protocol == ETH_P_IPV6 ? IPV6_HLEN : 0;
  if (size == 0 || packetLength() < size) return 0;
  const header = packetBytes(networkHeader(), 0, size);
  if (header == 0) return 0;
  return size == IPV4_HLEN ? markIpv4(header) : markIpv6(header);
}

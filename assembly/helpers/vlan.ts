import {
  CTX_SKB,
  SKB_PROTOCOL,
  SKB_VLAN_PRESENT,
  SKB_VLAN_PROTO,
  SKB_VLAN_TCI,
} from '../../src/abi/layout';
import { EINVAL, ENOMEM } from '../../src/abi/maps';
import { RUN_SKB_MAC, RUN_SKB_NETWORK } from '../../src/abi/packets';
import { ETH_HLEN, protocolOf } from '../run/packet';
import { run } from '../run/state';
import { contextArgument, errno } from './arguments';
import {
  context,
  macHeader,
  makeHeadroom,
  networkHeader,
  networkOffset,
  openSkb,
  packetData,
  packetEnd,
  setBounds,
  setContextField,
  sumPulled,
  sumPushed,
} from './sockbuf';

// VLAN tags: one stands beside the packet (in struct __sk_buff), further ones in it. net/core/skbuff.c.

/** In network byte order. */
const ETH_P_8021Q: u32 = 0x0081;
const ETH_P_8021AD: u32 = 0xa888;
const VLAN_HLEN: u32 = 4;
/** Both addresses of an Ethernet header. */
const ADDRESSES: u32 = 12;

function isVlan(protocol: u32): bool {
  return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD;
}

function setTag(present: u32, protocol: u32, tci: u32): void {
  setContextField(SKB_VLAN_PRESENT, present);
  setContextField(SKB_VLAN_PROTO, protocol);
  setContextField(SKB_VLAN_TCI, tci);
}

/** Moves the tag beside the packet into it. */
function insertTag(): i32 {
  if (macHeader() != packetData()) return -EINVAL;
  if (packetEnd() - packetData() < ADDRESSES || !makeHeadroom(VLAN_HLEN)) return -ENOMEM;
  const data = packetData() - VLAN_HLEN;
  memory.copy(data, data + VLAN_HLEN, ADDRESSES);
  const protocol = context(SKB_VLAN_PROTO);
  store<u16>(data, protocol as u16, ADDRESSES);
  store<u16>(data, bswap<u16>(context(SKB_VLAN_TCI) as u16), ADDRESSES + 2);
  store<u32>(run, macHeader() - VLAN_HLEN, RUN_SKB_MAC);
  store<u32>(run, networkHeader() - VLAN_HLEN, RUN_SKB_NETWORK);
  setBounds(data, packetEnd());
  setContextField(SKB_PROTOCOL, protocol);
  sumPushed(data + ADDRESSES, VLAN_HLEN, ADDRESSES);
  return 0;
}

/** Takes the outermost tag out of the packet: its TCI, or a negative error number. */
function removeTag(): i32 {
  const data = packetData();
  if (macHeader() != data) return -EINVAL;
  if (packetEnd() - data < ETH_HLEN + VLAN_HLEN) return -ENOMEM;
  sumPulled(data + ADDRESSES, VLAN_HLEN, ADDRESSES);
  const tci = bswap<u16>(load<u16>(data + ETH_HLEN));
  setContextField(SKB_PROTOCOL, protocolOf(data + VLAN_HLEN));
  memory.copy(data + VLAN_HLEN, data, ADDRESSES);
  store<u32>(run, macHeader() + VLAN_HLEN, RUN_SKB_MAC);
  setBounds(data + VLAN_HLEN, packetEnd());
  if (networkOffset() < (ETH_HLEN as i32)) store<u32>(run, packetData() + ETH_HLEN, RUN_SKB_NETWORK);
  return tci;
}

/** bpf_skb_vlan_push(skb, vlan_proto, vlan_tci): a tag that is there already goes into the packet. */
export function bpf_skb_vlan_push(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  const protocol = (r2 as u32) & 0xffff;
  if (context(SKB_VLAN_PRESENT)) {
    const error = insertTag();
    if (error) return errno(error);
  }
  const tag = isVlan(protocol) ? protocol : ETH_P_8021Q;
  setTag(1, tag, (r3 as u32) & 0xffff);
  return 0;
}

/** bpf_skb_vlan_pop(skb): the next tag, of those in the packet, stands beside it then. */
export function bpf_skb_vlan_pop(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  if (context(SKB_VLAN_PRESENT)) setTag(0, 0, 0);
  else {
    if (!isVlan(context(SKB_PROTOCOL))) return 0;
    const removed = removeTag();
    if (removed < 0) return errno(removed);
  }
  const protocol = context(SKB_PROTOCOL);
  if (!isVlan(protocol)) return 0;
  const tci = removeTag();
  if (tci < 0) return errno(tci);
  setTag(1, protocol, tci);
  return 0;
}

import {
  CTX_SKB,
  PROG_CTX_KIND,
  RUN_LINK_HEADER,
  RUN_PKT_DATA,
  RUN_PKT_END,
  RUN_PKT_HARD_START,
  RUN_PROG,
} from '../../src/abi/layout';
import { RUN_SKB_MAC, RUN_SKB_NETWORK, RUN_REST_READY } from '../../src/abi/packets';
import { run } from './state';

export const ETH_HLEN: u32 = 14;
const ETH_TYPE: usize = 12;
/** Below this the field is a length (IEEE 802.3), not a type. */
const ETH_P_802_3_MIN: u32 = 0x600;
const ETH_P_802_3: u16 = 1;
const ETH_P_802_2: u16 = 4;
/** Negative offsets count from the link-layer or the network header (include/uapi/linux/filter.h). */
const SKF_NET_OFF: i32 = -0x100000;
const SKF_LL_OFF: i32 = -0x200000;

function isSkb(): bool {
  return load<u32>(load<u32>(run, RUN_PROG), PROG_CTX_KIND) == CTX_SKB;
}

/** Address of the network header: behind the Ethernet header, unless helpers have moved it. */
export function networkStart(): u32 {
  if (isSkb() && load<u32>(run, RUN_REST_READY)) return load<u32>(run, RUN_SKB_NETWORK);
  return linkHeader() + ETH_HLEN;
}

/**
 * Address of the Ethernet header: the packet's start, or before it when it was pulled. What the host said for an
 * earlier run of another kind, or of a longer packet, must not reach memory that is not this event's.
 */
export function linkHeader(): u32 {
  if (isSkb() && load<u32>(run, RUN_REST_READY)) return load<u32>(run, RUN_SKB_MAC);
  const data = load<u32>(run, RUN_PKT_DATA);
  if (!isSkb()) return data;
  return data - min<u32>(load<u32>(run, RUN_LINK_HEADER), data - load<u32>(run, RUN_PKT_HARD_START));
}

/** Address of `size` bytes at `offset` from `base`, 0 when they reach beyond the packet's end. */
export function packetBytes(base: u32, offset: u64, size: u64): u32 {
  const end = load<u32>(run, RUN_PKT_END);
  if (base > end || offset + size > <u64>(end - base)) return 0;
  return base + <u32>offset;
}

/** LD_ABS/LD_IND: the big-endian value of `size` bytes at `offset` of the packet; -1 outside of it. */
export function packetLoad(offset: i32, size: u32): i64 {
  const address = locate(offset, size);
  if (address == 0) return -1;
  if (size == 1) return load<u8>(address);
  if (size == 2) return bswap<u16>(load<u16>(address));
  return bswap<u32>(load<u32>(address));
}

function locate(offset: i32, size: u32): u32 {
  if (offset >= 0) return packetBytes(load<u32>(run, RUN_PKT_DATA), <u64>offset, size);
  if (offset >= SKF_NET_OFF) return packetBytes(networkStart(), <u64>(offset - SKF_NET_OFF), size);
  return offset >= SKF_LL_OFF ? packetBytes(linkHeader(), <u64>(offset - SKF_LL_OFF), size) : 0;
}

/**
 * The protocol of the Ethernet header at `header`, in network byte order, as the kernel's eth_type_trans() tells it: also
 * of headers whose first 12 bytes are not there.
 */
export function protocolOf(header: u32): u32 {
  const field = load<u16>(header, ETH_TYPE);
  if (<u32>bswap<u16>(field) >= ETH_P_802_3_MIN) return field;
  const raw = packetBytes(header, ETH_HLEN, 2) != 0 && load<u16>(header + ETH_HLEN) == 0xffff;
  return bswap<u16>(raw ? ETH_P_802_3 : ETH_P_802_2);
}

/**
 * What the kernel keeps in struct sk_buff beyond what programs see of it: where the headers are, the state of the
 * checksum, the tunnel. It is made when the first helper of a run asks for it: most programs never do.
 */
import {
  RUN_CTX,
  RUN_LINK_HEADER,
  RUN_PKT_DATA,
  RUN_PKT_END,
  RUN_PKT_HARD_END,
  RUN_PKT_HARD_START,
  RUN_PKT_META,
  SKB_DATA,
  SKB_DATA_END,
  SKB_DATA_META,
  SKB_HASH,
  SKB_LEN,
} from '../../src/abi/layout';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_PARTIAL,
  RUN_SKB,
  RUN_SKB_MAC,
  RUN_SKB_NETWORK,
  RUN_REST_READY,
  RUN_SKB_TEMPLATE_MORE,
  RUN_SKB_TRANSPORT,
  SKB_CSUM,
  SKB_CSUM_START,
  SKB_HASH_KNOWN,
  SKB_IP_SUMMED,
  SKB_MORE_SIZE,
} from '../../src/abi/packets';
import { ETH_HLEN, linkHeader } from '../run/packet';
import { run } from '../run/state';
import { charge } from './arguments';
import { blockAdd, blockSubtract, partial } from './checksum';

function prepare(): void {
  const data = load<u32>(run, RUN_PKT_DATA);
  const mac = linkHeader();
  store<u32>(run, mac, RUN_SKB_MAC);
  store<u32>(run, load<u32>(run, RUN_LINK_HEADER) ? data : data + ETH_HLEN, RUN_SKB_NETWORK);
  store<u32>(run, 0, RUN_SKB_TRANSPORT);
  memory.copy(run + RUN_SKB, run + RUN_SKB_TEMPLATE_MORE, SKB_MORE_SIZE);
  store<u32>(run, load<u32>(run, RUN_SKB + SKB_CSUM_START) + data, RUN_SKB + SKB_CSUM_START);
  if (context(SKB_HASH)) setMore(SKB_HASH_KNOWN, 1);
  store<u32>(run, 1, RUN_REST_READY);
}

/** Before anything else here is used: the state of this event's socket buffer. */
export function openSkb(): void {
  if (load<u32>(run, RUN_REST_READY) == 0) prepare();
}

/** How the packet's checksum stands (CHECKSUM_*); the rest need not be open for it. */
export function ipSummed(): u32 {
  const ready = load<u32>(run, RUN_REST_READY) != 0;
  return load<u32>(run + (ready ? RUN_SKB : RUN_SKB_TEMPLATE_MORE), SKB_IP_SUMMED);
}

/** A field SKB_* of src/abi/packets.ts. */
export function more(field: u32): u32 {
  return load<u32>(run + RUN_SKB + field);
}

export function setMore(field: u32, value: u32): void {
  store<u32>(run + RUN_SKB + field, value);
}

/** A field of struct __sk_buff. */
export function context(field: u32): u32 {
  return load<u32>(load<u32>(run, RUN_CTX) + field);
}

export function setContextField(field: u32, value: u32): void {
  store<u32>(load<u32>(run, RUN_CTX) + field, value);
}

export function packetData(): u32 {
  return load<u32>(run, RUN_PKT_DATA);
}

export function packetEnd(): u32 {
  return load<u32>(run, RUN_PKT_END);
}

export function macHeader(): u32 {
  return load<u32>(run, RUN_SKB_MAC);
}

export function networkHeader(): u32 {
  return load<u32>(run, RUN_SKB_NETWORK);
}

/** skb_network_offset(): negative where the packet begins behind its network header. */
export function networkOffset(): i32 {
  return networkHeader() - packetData();
}

/** The packet is [data, end) from now on. */
export function setBounds(data: u32, end: u32): void {
  store<u32>(run, data, RUN_PKT_META);
  store<u32>(run, data, RUN_PKT_DATA);
  store<u32>(run, end, RUN_PKT_END);
  setContextField(SKB_LEN, end - data);
  setContextField(SKB_DATA, data);
  setContextField(SKB_DATA_END, end);
  setContextField(SKB_DATA_META, data);
}

function lowest(): u32 {
  return min<u32>(macHeader(), packetData());
}

/** Moves the packet, and the header in front of it, within its memory. */
function shift(by: i32): void {
  const from = lowest();
  const length = packetEnd() - from;
  charge(length);
  memory.copy(from + by, from, length);
  store<u32>(run, macHeader() + by, RUN_SKB_MAC);
  store<u32>(run, networkHeader() + by, RUN_SKB_NETWORK);
  const transport = load<u32>(run, RUN_SKB_TRANSPORT);
  if (transport) store<u32>(run, transport + by, RUN_SKB_TRANSPORT);
  setMore(SKB_CSUM_START, more(SKB_CSUM_START) + by);
  setBounds(packetData() + by, packetEnd() + by);
}

/**
 * Room for `size` bytes in front of the packet. The kernel takes other memory where there is none; here the packet is
 * moved to the back of its own. False when that is not enough.
 */
export function makeHeadroom(size: u32): bool {
  const room = lowest() - load<u32>(run, RUN_PKT_HARD_START);
  if (size <= room) return true;
  if (size - room > load<u32>(run, RUN_PKT_HARD_END) - packetEnd()) return false;
  shift(size - room);
  return true;
}

/** Room for `size` bytes behind the packet. */
export function makeTailroom(size: u32): bool {
  const room = load<u32>(run, RUN_PKT_HARD_END) - packetEnd();
  if (size <= room) return true;
  if (size - room > lowest() - load<u32>(run, RUN_PKT_HARD_START)) return false;
  shift(0 - (size - room));
  return true;
}

/** skb_postpull_rcsum(): bytes are about to leave what a whole-packet sum covers. `offset`: from its start. */
export function sumPulled(from: u32, size: u32, offset: u32): void {
  const summed = more(SKB_IP_SUMMED);
  if (summed == CHECKSUM_COMPLETE) setMore(SKB_CSUM, blockSubtract(more(SKB_CSUM), partial(from, size, 0), offset));
  else if (summed == CHECKSUM_PARTIAL && more(SKB_CSUM_START) < packetData()) setMore(SKB_IP_SUMMED, 0);
}

/** skb_postpush_rcsum(): bytes have come into it. */
export function sumPushed(from: u32, size: u32, offset: u32): void {
  if (more(SKB_IP_SUMMED) != CHECKSUM_COMPLETE) return;
  setMore(SKB_CSUM, blockAdd(more(SKB_CSUM), partial(from, size, 0), offset));
}

/** skb_clear_hash() */
export function clearHash(): void {
  setContextField(SKB_HASH, 0);
  setMore(SKB_HASH_KNOWN, 0);
}

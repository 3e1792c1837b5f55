/** The context a program is given in r1, in RUN_CTX_AREA. Each returns r1. */
import {
  CTX_MEMORY,
  CTX_XDP,
  RUN_CTX,
  RUN_CTX_AREA,
  RUN_CTX_END,
  RUN_LINK_HEADER,
  RUN_PKT_DATA,
  RUN_PKT_END,
  RUN_PKT_META,
  RUN_SKB_TEMPLATE,
  RUN_XDP_TEMPLATE,
  SKB_DATA,
  SKB_DATA_END,
  SKB_DATA_META,
  SKB_LEN,
  SKB_PROTOCOL,
  SKB_SIZE,
  XDP_MD_DATA,
  XDP_MD_DATA_END,
  XDP_MD_DATA_META,
  XDP_MD_INGRESS_IFINDEX,
  XDP_MD_SIZE,
} from '../../src/abi/layout';
import { RUN_SKB_TEMPLATE_MORE, SKB_IP_SUMMED } from '../../src/abi/packets';
import { copy } from '../memory/bytes';
import { ETH_HLEN, linkHeader, packetBytes, protocolOf } from './packet';
import { run } from './state';

/** Raw memory: the packet itself, no struct. */
export function memoryContext(): u64 {
  setContext(0);
  return load<u32>(run, RUN_PKT_DATA);
}

/** struct xdp_md. */
export function xdpContext(): u64 {
  const ctx = setContext(XDP_MD_SIZE);
  store<u32>(ctx, load<u32>(run, RUN_PKT_DATA), XDP_MD_DATA);
  store<u32>(ctx, load<u32>(run, RUN_PKT_END), XDP_MD_DATA_END);
  store<u32>(ctx, load<u32>(run, RUN_PKT_META), XDP_MD_DATA_META);
  copy(ctx + XDP_MD_INGRESS_IFINDEX, run + RUN_XDP_TEMPLATE, XDP_MD_SIZE - XDP_MD_INGRESS_IFINDEX);
  return ctx;
}

/**
 * Writes what the contexts of all events have in common. 1: what is missing of them can be told from each event's
 * packet alone, so that translated code may fill it in; 0: the host has set some of it, and begin() is needed.
 */
export function prepareContext(kind: u32): u32 {
  if (kind == CTX_MEMORY) {
    setContext(0);
    return 1;
  }
  const size: u32 = kind == CTX_XDP ? XDP_MD_SIZE : SKB_SIZE;
  const ctx = setContext(size);
  if (kind == CTX_XDP) {
    copy(ctx + XDP_MD_INGRESS_IFINDEX, run + RUN_XDP_TEMPLATE, XDP_MD_SIZE - XDP_MD_INGRESS_IFINDEX);
    return 1;
  }
  memory.copy(ctx, run + RUN_SKB_TEMPLATE, SKB_SIZE);
  const isGiven = load<u32>(ctx, SKB_PROTOCOL) != 0 || load<u32>(ctx, SKB_LEN) != 0;
  const isSummed = load<u32>(run, RUN_SKB_TEMPLATE_MORE + SKB_IP_SUMMED) != 0;
  return u32(!isGiven && !isSummed && load<u32>(run, RUN_LINK_HEADER) == 0);
}

/** struct __sk_buff: the host's template, with the fields that follow from the packet. */
export function skbContext(): u64 {
  const ctx = setContext(SKB_SIZE);
  memory.copy(ctx, run + RUN_SKB_TEMPLATE, SKB_SIZE);
  const length = load<u32>(run, RUN_PKT_END) - load<u32>(run, RUN_PKT_DATA);
  store<u32>(ctx, max<u32>(length, load<u32>(ctx, SKB_LEN)), SKB_LEN);
  store<u32>(ctx, load<u32>(run, RUN_PKT_DATA), SKB_DATA);
  store<u32>(ctx, load<u32>(run, RUN_PKT_END), SKB_DATA_END);
  store<u32>(ctx, load<u32>(run, RUN_PKT_META), SKB_DATA_META);
  if (load<u32>(ctx, SKB_PROTOCOL) == 0) store<u32>(ctx, ethernetProtocol(), SKB_PROTOCOL);
  return ctx;
}

function ethernetProtocol(): u32 {
  const header = packetBytes(linkHeader(), 0, ETH_HLEN);
  return header == 0 ? 0 : protocolOf(header);
}

function setContext(size: u32): u32 {
  const ctx = run + RUN_CTX_AREA;
  store<u32>(run, ctx, RUN_CTX);
  store<u32>(run, ctx + size, RUN_CTX_END);
  return ctx;
}

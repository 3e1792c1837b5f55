/* Finds addresses, ports and payload of a frame: up to two VLAN tags, IPv4 or IPv6, TCP or UDP. */
#include "program.h"

struct flow {
  u64 source, destination;
  u32 ports, protocol, payload;
};

INLINE u64 parse_transport(struct flow *flow, const u8 *at, const u8 *end) {
  u32 size = 8;
  if (flow->protocol == 6) {
    if (at + 20 > end) return 4;
    flow->ports = be32_at(at);
    size = (at[12] >> 4) * 4;
    if (size < 20 || at + size > end) return 5;
  } else if (flow->protocol == 17) {
    if (at + 8 > end) return 4;
    flow->ports = be32_at(at);
  } else {
    return 3;
  }
  u64 left = end - at;
  OPAQUE(left);
  flow->payload = left - size;
  return 0;
}

INLINE u64 parse_ipv4(struct flow *flow, const u8 *at, const u8 *end) {
  if (at + 20 > end || at[0] >> 4 != 4) return 6;
  u32 size = (at[0] & 15) * 4;
  if (size < 20 || at + size > end) return 7;
  flow->source = be32_at(at + 12);
  flow->destination = be32_at(at + 16);
  flow->protocol = at[9];
  return parse_transport(flow, at + size, end);
}

INLINE u64 fold_ipv6(const u8 *at) {
  return (u64)(be32_at(at) ^ be32_at(at + 4)) << 32 | (be32_at(at + 8) ^ be32_at(at + 12));
}

INLINE u64 parse_ipv6(struct flow *flow, const u8 *at, const u8 *end) {
  if (at + 40 > end || at[0] >> 4 != 6) return 8;
  flow->source = fold_ipv6(at + 8);
  flow->destination = fold_ipv6(at + 24);
  flow->protocol = at[6];
  return parse_transport(flow, at + 40, end);
}

PACKET_PROGRAM(parse) {
  const u8 *frame = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  const u8 *at = frame + 14;
  if (at > end) return 1;
  u32 type = be16_at(frame + 12);
  ROLLED for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
    if (at + 4 > end) return 2;
    type = be16_at(at + 2);
    at += 4;
  }
  struct flow flow = {};
  u64 error = 9;
  if (type == 0x0800) error = parse_ipv4(&flow, at, end);
  else if (type == 0x86dd) error = parse_ipv6(&flow, at, end);
  if (error) return error;
  return flow.source * 31 + flow.destination * 17 + flow.ports * 7 + flow.protocol + ((u64)flow.payload << 40);
}

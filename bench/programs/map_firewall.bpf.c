/* A small firewall: parses IPv4, matches the source's prefix, counts the flow and the verdict. */
#include "keys.h"

struct prefix {
  u32 length;
  u8 address[4];
};

struct flow {
  u8 source[4], destination[4];
  u8 ports[4];
  u32 protocol;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, u32);
  __uint(max_entries, 1024);
} denied SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct flow);
  __type(value, u64);
  __uint(max_entries, 4096);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, u32);
  __type(value, u64);
  __uint(max_entries, 4);
} verdicts SEC(".maps");

#define DROP 1 /* XDP_DROP */

INLINE u32 verdict_of(u8 *data, u8 *end) {
  if (data + 38 > end || be16_at(data + 12) != 0x0800 || data[14] != 0x45) return PASS;
  struct prefix source = {32, {data[26], data[27], data[28], data[29]}};
  if (LOOKUP(denied, &source)) return DROP;
  struct flow flow = {};
  __builtin_memcpy(flow.source, data + 26, 4);
  __builtin_memcpy(flow.destination, data + 30, 4);
  __builtin_memcpy(flow.ports, data + 34, 4);
  flow.protocol = data[23];
  u64 *packets = LOOKUP(flows, &flow), one = 1;
  if (packets) ++*packets;
  else UPDATE(flows, &flow, &one);
  return PASS;
}

PACKET_PROGRAM(map_firewall) {
  u32 verdict = verdict_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
  u64 *packets = LOOKUP(verdicts, &verdict);
  if (packets) ++*packets;
  return verdict;
}

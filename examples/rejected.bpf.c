/* Counts the packets of each IP protocol, with the mistake that everybody makes once: see the README. */
#include "packet.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 256);
} protocols SEC(".maps");

SEC("xdp")
int count_protocols(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP)) return XDP_PASS;
  struct iphdr *ip = (void *)(eth + 1);
  __u32 protocol = ip->protocol;
  __u64 *packets = bpf_map_lookup_elem(&protocols, &protocol);
  if (packets) __sync_fetch_and_add(packets, 1);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Apache-2.0";

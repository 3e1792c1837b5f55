/*
 * Counts packets and bytes by protocol, by size and by address, IPv4 and IPv6, through VLAN tags.
 * Passes everything.
 */
#include "packet.h"

enum protocol { BROKEN, ARP, ICMP, ICMPV6, TCP, UDP, FRAGMENT, TUNNEL, OTHER_IP, OTHER };

struct counter {
  __u64 packets;
  __u64 bytes;
};

struct ipv4_address {
  __u8 bytes[4];
};

struct ipv6_address {
  __u8 bytes[16];
};

struct host {
  struct counter sent;
  struct counter received;
  enum protocol latest;
};

/* One counter a CPU: nothing to share, nothing to lock. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __type(key, enum protocol);
  __type(value, struct counter);
  __uint(max_entries, 16);
} protocols SEC(".maps");

/* Packets of 2^n to 2^(n+1)-1 bytes. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 17);
} sizes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct ipv4_address);
  __type(value, struct host);
  __uint(max_entries, 4096);
} hosts SEC(".maps");

/* IPv6 has more addresses than anyone keeps: the least recently used go first. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, struct ipv6_address);
  __type(value, struct host);
  __uint(max_entries, 4096);
} hosts6 SEC(".maps");

static __always_inline void count(struct counter *counter, __u64 bytes) {
  __sync_fetch_and_add(&counter->packets, 1);
  __sync_fetch_and_add(&counter->bytes, bytes);
}

static __always_inline void count_protocol(enum protocol protocol, __u64 bytes) {
  struct counter *counter = bpf_map_lookup_elem(&protocols, &protocol);
  if (counter) {
    counter->packets++;
    counter->bytes += bytes;
    return;
  }
  struct counter first = {1, bytes};
  bpf_map_update_elem(&protocols, &protocol, &first, BPF_ANY);
}

static __always_inline void count_size(__u32 bytes) {
  __u32 bucket = 0;
  for (int i = 0; i < 16; i++) {
    if (bytes < 2) break;
    bytes >>= 1;
    bucket++;
  }
  __u64 *packets = bpf_map_lookup_elem(&sizes, &bucket);
  if (packets) __sync_fetch_and_add(packets, 1);
}

static __always_inline void count_host(void *map, const void *address, bool sent, enum protocol protocol,
                                       __u64 bytes) {
  struct host *host = bpf_map_lookup_elem(map, address);
  if (!host) {
    struct host first = {};
    bpf_map_update_elem(map, address, &first, BPF_NOEXIST);
    host = bpf_map_lookup_elem(map, address);
    if (!host) return;
  }
  count(sent ? &host->sent : &host->received, bytes);
  host->latest = protocol;
}

static __always_inline enum protocol protocol_of(__u8 number) {
  switch (number) {
    case IPPROTO_ICMP: return ICMP;
    case IPPROTO_ICMPV6: return ICMPV6;
    case IPPROTO_TCP: return TCP;
    case IPPROTO_UDP: return UDP;
    case NEXT_FRAGMENT: return FRAGMENT;
    case IPPROTO_IPIP:
    case IPPROTO_IPV6:
    case IPPROTO_GRE: return TUNNEL;
    default: return OTHER_IP;
  }
}

static __always_inline enum protocol count_ipv4(struct cursor *cursor, __u64 bytes) {
  struct iphdr *ip = take_ipv4(cursor);
  if (!ip) return BROKEN;
  enum protocol protocol =
      ip->frag_off & bpf_htons(IP_OFFSET_AND_MORE) ? FRAGMENT : protocol_of(ip->protocol);
  struct ipv4_address source, destination;
  __builtin_memcpy(&source, &ip->saddr, sizeof(source));
  __builtin_memcpy(&destination, &ip->daddr, sizeof(destination));
  count_host(&hosts, &source, true, protocol, bytes);
  count_host(&hosts, &destination, false, protocol, bytes);
  return protocol;
}

static __always_inline enum protocol count_ipv6(struct cursor *cursor, __u64 bytes) {
  __u8 next;
  struct ipv6hdr *ip = take_ipv6(cursor, &next);
  if (!ip) return BROKEN;
  enum protocol protocol = protocol_of(next);
  struct ipv6_address source, destination;
  __builtin_memcpy(&source, &ip->saddr, sizeof(source));
  __builtin_memcpy(&destination, &ip->daddr, sizeof(destination));
  count_host(&hosts6, &source, true, protocol, bytes);
  count_host(&hosts6, &destination, false, protocol, bytes);
  return protocol;
}

SEC("xdp")
int count_flows(struct xdp_md *ctx) {
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  __u64 bytes = ctx->data_end - ctx->data;
  enum protocol protocol;
  switch (take_ethernet(&cursor)) {
    case 0: protocol = BROKEN; break;
    case ETH_P_IP: protocol = count_ipv4(&cursor, bytes); break;
    case ETH_P_IPV6: protocol = count_ipv6(&cursor, bytes); break;
    case ETH_P_ARP: protocol = ARP; break;
    default: protocol = OTHER; break;
  }
  count_protocol(protocol, bytes);
  count_size(bytes);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Apache-2.0";

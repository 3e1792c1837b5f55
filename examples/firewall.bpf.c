/*
 * A packet filter for XDP and for tc: drops by address prefix, by port and by header, forwards some endpoints
 * to others (destination NAT), counts a hop, and passes the rest. The rules are in maps, the settings in
 * .rodata.
 */
#include <linux/pkt_cls.h>

#include "packet.h"

enum reason { PASSED, BROKEN, PREFIX, PORT, FRAGMENT, EXPIRED, FORWARDED, REASONS };

enum action { ALLOW = 1, DENY = 2 };

struct prefix {
  __u32 length; /* bits of the address that count */
  __u8 address[4];
};

struct prefix6 {
  __u32 length;
  __u8 address[16];
};

struct rule {
  enum action action;
  __u64 packets;
};

struct service {
  __u16 port; /* host order */
  __u8 protocol;
  __u8 pad;
};

/* Of a forwarded packet: where it was going, where it goes. Network order. */
struct endpoint {
  __u8 address[4];
  __be16 port;
  __u8 protocol;
  __u8 pad;
};

struct counter {
  __u64 packets;
  __u64 bytes;
};

/* A loader may change these before the program is loaded; the verifier then drops what they rule out. */
const volatile bool drop_fragments = true;
const volatile bool count_hops = true;
const volatile __u16 closed_ports[8] = {21, 23, 445, 3389};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, struct rule);
  __uint(max_entries, 1024);
} prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix6);
  __type(value, struct rule);
  __uint(max_entries, 1024);
} prefixes6 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct service);
  __type(value, struct rule);
  __uint(max_entries, 1024);
} services SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct endpoint);
  __type(value, struct endpoint);
  __uint(max_entries, 1024);
} forwards SEC(".maps");

/* Indexed by enum reason. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, struct counter);
  __uint(max_entries, REASONS);
} reasons SEC(".maps");

/* The two ports lie at the same place in TCP and UDP. */
struct ports {
  __be16 source;
  __be16 destination;
};

static __always_inline bool denies(struct rule *rule) {
  if (!rule) return false;
  __sync_fetch_and_add(&rule->packets, 1);
  return rule->action == DENY;
}

static __always_inline bool is_closed(__u16 port) {
  for (int i = 0; i < 8; i++)
    if (closed_ports[i] && closed_ports[i] == port) return true;
  return false;
}

static __always_inline bool denies_port(__u8 protocol, const struct ports *ports) {
  struct service service = {bpf_ntohs(ports->destination), protocol, 0};
  struct rule *rule = bpf_map_lookup_elem(&services, &service);
  if (rule) return denies(rule);
  return protocol == IPPROTO_TCP && is_closed(service.port);
}

static __always_inline bool denies_address(__be32 address) {
  struct prefix key = {.length = 32};
  __builtin_memcpy(key.address, &address, sizeof(key.address));
  return denies(bpf_map_lookup_elem(&prefixes, &key));
}

static __always_inline bool denies_address6(const struct in6_addr *address) {
  struct prefix6 key = {.length = 128};
  __builtin_memcpy(key.address, address, sizeof(key.address));
  return denies(bpf_map_lookup_elem(&prefixes6, &key));
}

/* RFC 1624, equation 3: the checksum after one 16-bit word of what it covers has changed. */
static __always_inline __u16 adjust(__u16 checksum, __u16 old, __u16 new) {
  __u32 sum = (__u16)~checksum + (__u16)~old + new;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static __always_inline __u16 adjust32(__u16 checksum, __be32 old, __be32 new) {
  return adjust(adjust(checksum, old, new), old >> 16, new >> 16);
}

static __always_inline void count_hop(struct iphdr *ip) {
  __be16 *word = (__be16 *)&ip->ttl; /* with the protocol */
  __be16 old = *word;
  ip->ttl--;
  ip->check = adjust(ip->check, old, *word);
}

/* The checksum of the transport header behind `ports`, NULL when it is not there or not used. */
static __always_inline __u16 *checksum_of(struct cursor *cursor, struct ports *ports, __u8 protocol) {
  if (protocol == IPPROTO_TCP) {
    struct tcphdr *tcp = (void *)ports;
    return (void *)(tcp + 1) > cursor->end ? NULL : &tcp->check;
  }
  struct udphdr *udp = (void *)ports;
  return (void *)(udp + 1) > cursor->end || udp->check == 0 ? NULL : &udp->check;
}

static __always_inline bool forward(struct cursor *cursor, struct iphdr *ip, struct ports *ports) {
  struct endpoint key = {.port = ports->destination, .protocol = ip->protocol};
  __builtin_memcpy(key.address, &ip->daddr, sizeof(key.address));
  struct endpoint *target = bpf_map_lookup_elem(&forwards, &key);
  if (!target) return false;
  __be32 address;
  __builtin_memcpy(&address, target->address, sizeof(address));
  __u16 *checksum = checksum_of(cursor, ports, ip->protocol);
  if (checksum) {
    __u16 fixed = adjust(adjust32(*checksum, ip->daddr, address), ports->destination, target->port);
    *checksum = fixed || ip->protocol == IPPROTO_TCP ? fixed : 0xffff;
  }
  ip->check = adjust32(ip->check, ip->daddr, address);
  ip->daddr = address;
  ports->destination = target->port;
  return true;
}

static __always_inline struct ports *take_ports(struct cursor *cursor, __u8 protocol) {
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return NULL;
  struct cursor ahead = *cursor;
  return take(&ahead, sizeof(struct ports));
}

static __always_inline enum reason filter_ipv4(struct cursor *cursor) {
  struct iphdr *ip = take_ipv4(cursor);
  if (!ip) return BROKEN;
  if (denies_address(ip->saddr) || denies_address(ip->daddr)) return PREFIX;
  bool fragment = ip->frag_off & bpf_htons(IP_OFFSET_AND_MORE);
  if (fragment && drop_fragments) return FRAGMENT;
  struct ports *ports = is_later_fragment(ip) ? NULL : take_ports(cursor, ip->protocol);
  if (ports && denies_port(ip->protocol, ports)) return PORT;
  if (ip->ttl <= 1 && count_hops) return EXPIRED;
  if (count_hops) count_hop(ip);
  return ports && forward(cursor, ip, ports) ? FORWARDED : PASSED;
}

static __always_inline enum reason filter_ipv6(struct cursor *cursor) {
  __u8 protocol;
  struct ipv6hdr *ip = take_ipv6(cursor, &protocol);
  if (!ip) return BROKEN;
  if (denies_address6(&ip->saddr) || denies_address6(&ip->daddr)) return PREFIX;
  if (protocol == NEXT_FRAGMENT && drop_fragments) return FRAGMENT;
  struct ports *ports = take_ports(cursor, protocol);
  if (ports && denies_port(protocol, ports)) return PORT;
  /* Neighbour discovery is valid with a hop limit of 255 only, and stays on the link. */
  if (protocol == IPPROTO_ICMPV6 || !count_hops) return PASSED;
  if (ip->hop_limit <= 1) return EXPIRED;
  ip->hop_limit--;
  return PASSED;
}

static __always_inline enum reason filter(void *data, void *data_end) {
  struct cursor cursor = {data, data_end};
  enum reason reason;
  switch (take_ethernet(&cursor)) {
    case 0: reason = BROKEN; break;
    case ETH_P_IP: reason = filter_ipv4(&cursor); break;
    case ETH_P_IPV6: reason = filter_ipv6(&cursor); break;
    default: reason = PASSED; break;
  }
  __u32 index = reason;
  struct counter *counter = bpf_map_lookup_elem(&reasons, &index);
  if (counter) {
    counter->packets++;
    counter->bytes += data_end - data;
  }
  return reason;
}

static __always_inline bool passes(enum reason reason) { return reason == PASSED || reason == FORWARDED; }

SEC("xdp")
int firewall(struct xdp_md *ctx) {
  enum reason reason = filter((void *)(long)ctx->data, (void *)(long)ctx->data_end);
  return passes(reason) ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int firewall_tc(struct __sk_buff *skb) {
  enum reason reason = filter((void *)(long)skb->data, (void *)(long)skb->data_end);
  return passes(reason) ? TC_ACT_OK : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Apache-2.0";

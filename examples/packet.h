/* What the examples share: a cursor that steps through the headers of a packet. */
#ifndef WEBPF_EXAMPLES_PACKET_H
#define WEBPF_EXAMPLES_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_TAGS 2       /* 802.1ad and 802.1Q */
#define MAX_EXTENSIONS 4 /* IPv6 extension headers */
#define IP_OFFSET_AND_MORE 0x3fff
#define NEXT_FRAGMENT 44

struct cursor {
  void *at;
  void *end;
};

struct vlan_tag {
  __be16 control;
  __be16 type;
};

struct extension {
  __u8 next;
  __u8 length; /* in units of 8 bytes, without the first */
};

/* The next `size` bytes, or NULL when the packet ends before; steps over them. */
static __always_inline void *take(struct cursor *cursor, __u32 size) {
  void *at = cursor->at;
  if (at + size > cursor->end) return NULL;
  cursor->at = at + size;
  return at;
}

/* Steps over the Ethernet header and VLAN tags. Returns the EtherType (host order), 0 for a broken packet. */
static __always_inline __u16 take_ethernet(struct cursor *cursor) {
  struct ethhdr *ethernet = take(cursor, sizeof(*ethernet));
  if (!ethernet) return 0;
  __be16 type = ethernet->h_proto;
  for (int i = 0; i < MAX_TAGS; i++) {
    if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD)) break;
    struct vlan_tag *tag = take(cursor, sizeof(*tag));
    if (!tag) return 0;
    type = tag->type;
  }
  return bpf_ntohs(type);
}

/* Steps over an IPv4 header and its options. */
static __always_inline struct iphdr *take_ipv4(struct cursor *cursor) {
  struct iphdr *ip = cursor->at;
  if ((void *)(ip + 1) > cursor->end || ip->version != 4 || ip->ihl < 5) return NULL;
  return take(cursor, ip->ihl * 4) ? ip : NULL;
}

/* True for a fragment that does not begin with the transport header. */
static __always_inline bool is_later_fragment(const struct iphdr *ip) {
  return (ip->frag_off & bpf_htons(0x1fff)) != 0;
}

/* Steps over an IPv6 header and its extensions; `*protocol` is what follows them. */
static __always_inline struct ipv6hdr *take_ipv6(struct cursor *cursor, __u8 *protocol) {
  struct ipv6hdr *ip = take(cursor, sizeof(*ip));
  if (!ip || ip->version != 6) return NULL;
  __u8 next = ip->nexthdr;
  for (int i = 0; i < MAX_EXTENSIONS; i++) {
    if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS) break;
    struct extension *extension = take(cursor, 8);
    if (!extension || !take(cursor, extension->length * 8)) return NULL;
    next = extension->next;
  }
  *protocol = next;
  return ip;
}

#endif

/*
 * Socket filters: how many bytes of each frame its reader gets (0: none). Both keep the headers of TCP and
 * UDP over IPv4 to or from the chosen port, and whole ARP frames; the second in the way of classic BPF.
 */
#include "packet.h"

#define HEADERS 128
#define WHOLE 0xffff

const volatile __u16 port = 53;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 2);
} kept SEC(".maps"); /* frames dropped, frames kept */

static __always_inline int decide(__u32 bytes) {
  __u32 index = bytes > 0;
  __u64 *frames = bpf_map_lookup_elem(&kept, &index);
  if (frames) __sync_fetch_and_add(frames, 1);
  return bytes;
}

SEC("socket")
int by_bytes(struct __sk_buff *skb) {
  __be16 type;
  struct iphdr ip;
  __be16 ports[2];
  if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &type, sizeof(type)) < 0) return decide(0);
  if (type == bpf_htons(ETH_P_ARP)) return decide(WHOLE);
  if (type != bpf_htons(ETH_P_IP)) return decide(0);
  if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) < 0) return decide(0);
  if (ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_UDP) return decide(0);
  if (is_later_fragment(&ip)) return decide(0);
  if (bpf_skb_load_bytes(skb, ETH_HLEN + ip.ihl * 4, ports, sizeof(ports)) < 0) return decide(0);
  bool matches = ports[0] == bpf_htons(port) || ports[1] == bpf_htons(port);
  return decide(matches ? HEADERS : 0);
}

/* Classic BPF's loads: host order, and out of the frame they end the program with 0. */
unsigned long long load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");

SEC("socket")
int by_loads(struct __sk_buff *skb) {
  __u16 type = load_half(skb, offsetof(struct ethhdr, h_proto));
  if (type == ETH_P_ARP) return decide(WHOLE);
  if (type != ETH_P_IP) return decide(0);
  __u8 protocol = load_byte(skb, ETH_HLEN + offsetof(struct iphdr, protocol));
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return decide(0);
  if (load_half(skb, ETH_HLEN + offsetof(struct iphdr, frag_off)) & 0x1fff) return decide(0);
  __u32 transport = ETH_HLEN + (load_byte(skb, ETH_HLEN) & 15) * 4;
  bool matches = load_half(skb, transport) == port || load_half(skb, transport + 2) == port;
  return decide(matches ? HEADERS : 0);
}

char LICENSE[] SEC("license") = "Apache-2.0";

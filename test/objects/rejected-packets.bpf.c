/* Programs the verifier must refuse: mistakes with packets and contexts, one a function. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int no_check(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  struct ethhdr *eth = data;
  if (eth->h_proto == bpf_htons(ETH_P_IP)) return XDP_DROP;
  return XDP_PASS;
}

SEC("xdp") int short_check(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = data + sizeof(*eth);
  if ((void *)(eth + 1) > data_end) return XDP_PASS;
  if (eth->h_proto != bpf_htons(ETH_P_IP)) return XDP_PASS;
  return ip->protocol == IPPROTO_UDP ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int off_by_one(struct xdp_md *ctx) {
  unsigned char *data = (void *)(long)ctx->data;
  unsigned char *data_end = (void *)(long)ctx->data_end;
  if (data + 13 > data_end) return XDP_PASS;
  return data[13] ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int wrong_way(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) < data_end) return XDP_PASS;
  return eth->h_proto ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int variable_header(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *data_end = (void *)(long)ctx->data_end;
  struct iphdr *ip = data;
  if ((void *)(ip + 1) > data_end) return XDP_PASS;
  unsigned char *payload = data + ip->ihl * 4;
  return payload[8] ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int after_adjust(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > data_end) return XDP_PASS;
  if (bpf_xdp_adjust_head(ctx, 14)) return XDP_DROP;
  return eth->h_proto ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int wrong_field(struct xdp_md *ctx) { return ctx->egress_ifindex == 1 ? XDP_DROP : XDP_PASS; }

SEC("tc") int read_only_field(struct __sk_buff *skb) {
  skb->len = 64;
  return 0;
}

SEC("tc") int past_context(struct __sk_buff *skb) {
  return ((volatile __u32 *)skb)[64];
}

SEC("cgroup_skb/egress") int write_packet(struct __sk_buff *skb) {
  unsigned char *data = (void *)(long)skb->data;
  unsigned char *data_end = (void *)(long)skb->data_end;
  if (data + 1 > data_end) return 1;
  *data = 0;
  return 1;
}

SEC("xdp") int number_as_pointer(struct xdp_md *ctx) {
  __u32 *where = (void *)(long)ctx->ingress_ifindex;
  return *where ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int through_the_end(struct xdp_md *ctx) {
  unsigned char *data_end = (void *)(long)ctx->data_end;
  return data_end[-1] ? XDP_DROP : XDP_PASS;
}

static __noinline int is_tcp(struct iphdr *ip) { return ip->protocol == IPPROTO_TCP; }

SEC("xdp") int in_a_function(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *data_end = (void *)(long)ctx->data_end;
  if (data + 14 > data_end) return XDP_PASS;
  return is_tcp(data + 14) ? XDP_DROP : XDP_PASS;
}

SEC("cgroup_skb/ingress") int wrong_verdict(struct __sk_buff *skb) { return skb->len > 100 ? 2 : 1; }

SEC("cgroup_skb/ingress") int any_verdict(struct __sk_buff *skb) { return skb->len; }

SEC("socket") int wrong_helper(struct __sk_buff *skb) { return bpf_redirect(1, 0); }

SEC("xdp") int wrong_type(struct xdp_md *ctx) {
  char bytes[4];
  return bpf_skb_load_bytes((void *)ctx, 0, bytes, sizeof(bytes)) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";

/* Programs the verifier must refuse: mistakes with maps, the stack and loops, one a function. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct flow_key {
  __u32 address;
  __u16 port;
  __u8 protocol;
};

struct flow {
  __u64 packets;
  __u64 bytes;
  __u32 sizes[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct flow_key);
  __type(value, struct flow);
  __uint(max_entries, 64);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_RDONLY_PROG);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 4);
} settings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __type(value, __u64);
  __uint(max_entries, 4);
} queue SEC(".maps");

const volatile __u32 limit = 10;
__u64 totals[64];

static __always_inline struct flow *flow_of(__u32 address) {
  struct flow_key key = {};
  key.address = address;
  return bpf_map_lookup_elem(&flows, &key);
}

SEC("xdp") int no_null_check(struct xdp_md *ctx) {
  struct flow *flow = flow_of(1);
  flow->packets++;
  return XDP_PASS;
}

SEC("xdp") int null_path(struct xdp_md *ctx) {
  struct flow *flow = flow_of(1);
  if (flow) return XDP_PASS;
  // The compiler must not know that this is NULL.
  asm volatile("" : "+r"(flow));
  flow->packets++;
  return XDP_DROP;
}

SEC("socket") int padded_key(struct __sk_buff *skb) {
  struct flow_key key;
  key.address = skb->len;
  key.port = skb->protocol;
  key.protocol = 6;
  return bpf_map_lookup_elem(&flows, &key) ? 1 : 0;
}

SEC("socket") int forgotten_member(struct __sk_buff *skb) {
  struct flow_key key;
  key.address = skb->len;
  key.protocol = 6;
  return bpf_map_lookup_elem(&flows, &key) ? 1 : 0;
}

SEC("xdp") int index_from_packet(struct xdp_md *ctx) {
  unsigned char *data = (void *)(long)ctx->data;
  if (data + 1 > (unsigned char *)(long)ctx->data_end) return XDP_PASS;
  struct flow *flow = flow_of(1);
  if (!flow) return XDP_PASS;
  flow->sizes[*data]++;
  return XDP_PASS;
}

SEC("xdp") int index_too_large(struct xdp_md *ctx) {
  __u32 i = ctx->rx_queue_index;
  if (i > 64) return XDP_PASS;
  totals[i]++;
  return XDP_PASS;
}

SEC("xdp") int index_unbounded(struct xdp_md *ctx) {
  totals[ctx->rx_queue_index]++;
  return XDP_PASS;
}

SEC("xdp") int index_signed(struct xdp_md *ctx) {
  struct flow *flow = flow_of(1);
  if (!flow) return XDP_PASS;
  __s64 i = (__s64)flow->bytes;
  if (i >= 16) return XDP_PASS;
  flow->sizes[i]++;
  return XDP_PASS;
}

SEC("xdp") int past_value(struct xdp_md *ctx) {
  struct flow *flow = flow_of(1);
  if (!flow) return XDP_PASS;
  flow[1].packets = 1;
  return XDP_PASS;
}

SEC("xdp") int write_constant(struct xdp_md *ctx) {
  *(volatile __u32 *)&limit = 11;
  return XDP_PASS;
}

SEC("xdp") int write_settings(struct xdp_md *ctx) {
  __u32 key = 0;
  __u64 *setting = bpf_map_lookup_elem(&settings, &key);
  if (setting) *setting = 1;
  return XDP_PASS;
}

SEC("xdp") int update_settings(struct xdp_md *ctx) {
  __u32 key = 0;
  __u64 setting = 1;
  bpf_map_update_elem(&settings, &key, &setting, BPF_ANY);
  return XDP_PASS;
}

SEC("xdp") int lookup_in_queue(struct xdp_md *ctx) {
  __u32 key = 0;
  return bpf_map_lookup_elem(&queue, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int number_as_map(struct xdp_md *ctx) {
  __u32 key = 0;
  return bpf_map_lookup_elem((void *)(long)limit, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int null_value(struct xdp_md *ctx) {
  struct flow_key key = {};
  struct flow *flow = bpf_map_lookup_elem(&flows, &key);
  key.port = 1;
  bpf_map_update_elem(&flows, &key, flow, BPF_ANY);
  return XDP_PASS;
}

SEC("xdp") int endless(struct xdp_md *ctx) {
  __u32 i = 0;
  while (i < 10) {
    __sync_fetch_and_add(&totals[0], 1);
    asm volatile("" : "+r"(i));
  }
  return XDP_PASS;
}

SEC("xdp") int too_long(struct xdp_md *ctx) {
  __u64 sum = 0;
  for (__u32 i = 0; i < 10000000; i++) {
    sum += i;
    asm volatile("" : "+r"(sum));
  }
  return sum & 1;
}

struct walk {
  __u64 sum;
};

static long add(__u32 i, struct walk *walk) {
  walk->sum += i;
  return walk->sum;
}

SEC("xdp") int callback_result(struct xdp_md *ctx) {
  struct walk walk = {};
  bpf_loop(10, add, &walk, 0);
  return walk.sum & 1;
}

static long count_in(__u32 i, struct flow *flow) {
  flow->packets++;
  return 0;
}

SEC("xdp") int callback_null(struct xdp_md *ctx) {
  struct flow *flow = flow_of(1);
  bpf_loop(10, count_in, flow, 0);
  return XDP_PASS;
}

SEC("xdp") int stack_index(struct xdp_md *ctx) {
  char bytes[16] = {};
  bytes[ctx->rx_queue_index & 31] = 1;
  asm volatile("" ::"r"(bytes) : "memory");
  return bytes[3];
}

static __noinline int deeper(__u32 seed) {
  char bytes[300] = {};
  asm volatile("" ::"r"(bytes), "r"(seed) : "memory");
  return bytes[5];
}

SEC("xdp") int stack_too_large(struct xdp_md *ctx) {
  char bytes[300] = {};
  asm volatile("" ::"r"(bytes) : "memory");
  return deeper(bytes[1]) & 1;
}

SEC("xdp") int uninitialised(struct xdp_md *ctx) {
  __u64 sum = 1;
  asm volatile("%0 += r7" : "+r"(sum));
  return sum & 1;
}

SEC("xdp") int after_call(struct xdp_md *ctx) {
  asm volatile("r2 = 1; call 5; r0 = r2" ::: "r0", "r1", "r2", "r3", "r4", "r5");
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";

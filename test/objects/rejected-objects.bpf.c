/* Programs the verifier must refuse: mistakes with what must be given back, and with arguments, one a function. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
  __u64 time;
  __u32 kind;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

struct account {
  struct bpf_spin_lock lock;
  __u32 transfers;
  __u64 balance;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, __u32);
  __type(value, struct account);
  __uint(max_entries, 4);
} accounts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 4);
} programs SEC(".maps");

SEC("xdp") int leaked_record(struct xdp_md *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return XDP_PASS;
  event->time = bpf_ktime_get_ns();
  if (event->time & 1) return XDP_DROP;
  bpf_ringbuf_submit(event, 0);
  return XDP_PASS;
}

SEC("xdp") int submitted_twice(struct xdp_md *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return XDP_PASS;
  event->kind = 1;
  bpf_ringbuf_submit(event, 0);
  bpf_ringbuf_discard(event, 0);
  return XDP_PASS;
}

SEC("xdp") int used_after_submit(struct xdp_md *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return XDP_PASS;
  bpf_ringbuf_submit(event, 0);
  event->kind = 1;
  return XDP_PASS;
}

SEC("xdp") int past_record(struct xdp_md *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, 8, 0);
  if (!event) return XDP_PASS;
  event->kind = 1;
  bpf_ringbuf_submit(event, 0);
  return XDP_PASS;
}

SEC("xdp") int unchecked_record(struct xdp_md *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  bpf_ringbuf_submit(event, 0);
  return XDP_PASS;
}

SEC("xdp") int varying_record(struct xdp_md *ctx) {
  void *event = bpf_ringbuf_reserve(&events, ctx->rx_queue_index, 0);
  if (event) bpf_ringbuf_discard(event, 0);
  return XDP_PASS;
}

SEC("xdp") int tail_call_with_record(struct xdp_md *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return XDP_PASS;
  bpf_tail_call(ctx, &programs, 1);
  bpf_ringbuf_discard(event, 0);
  return XDP_PASS;
}

SEC("xdp") int not_unlocked(struct xdp_md *ctx) {
  __u32 key = 7;
  struct account *account = bpf_map_lookup_elem(&accounts, &key);
  if (!account) return XDP_DROP;
  bpf_spin_lock(&account->lock);
  if (account->balance < 100) return XDP_DROP;
  account->balance -= 100;
  bpf_spin_unlock(&account->lock);
  return XDP_PASS;
}

SEC("xdp") int call_under_lock(struct xdp_md *ctx) {
  __u32 key = 7;
  struct account *account = bpf_map_lookup_elem(&accounts, &key);
  if (!account) return XDP_DROP;
  bpf_spin_lock(&account->lock);
  account->balance = bpf_ktime_get_ns();
  bpf_spin_unlock(&account->lock);
  return XDP_PASS;
}

SEC("xdp") int write_lock(struct xdp_md *ctx) {
  __u32 key = 7;
  struct account *account = bpf_map_lookup_elem(&accounts, &key);
  if (account) account->lock.val = 0;
  return XDP_PASS;
}

SEC("tc") int length_may_be_zero(struct __sk_buff *skb) {
  char bytes[64] = {};
  __u32 size = skb->len;
  if (size > sizeof(bytes)) size = sizeof(bytes);
  bpf_skb_load_bytes(skb, 0, bytes, size);
  return bytes[0];
}

SEC("tc") int length_unbounded(struct __sk_buff *skb) {
  char bytes[64] = {};
  bpf_skb_load_bytes(skb, 0, bytes, skb->len);
  return bytes[0];
}

SEC("tc") int length_too_large(struct __sk_buff *skb) {
  char bytes[64] = {};
  __u32 size = skb->len;
  if (size == 0 || size > 65) return 0;
  bpf_skb_load_bytes(skb, 0, bytes, size);
  return bytes[0];
}

SEC("tc") int length_signed(struct __sk_buff *skb) {
  char bytes[64] = {};
  long size = (long)skb->len - 14;
  asm volatile("" : "+r"(size));
  if (size > 64) return 0;
  bpf_skb_load_bytes(skb, 0, bytes, size);
  return bytes[0];
}

SEC("tc") int leaked_socket(struct __sk_buff *skb) {
  struct bpf_sock_tuple tuple = {};
  struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
  return sk ? 1 : 0;
}

SEC("tc") int multiplied_context(struct __sk_buff *skb) {
  __u64 key = (__u64)(long)skb;
  asm volatile("%0 *= 3" : "+r"(key));
  return key & 1;
}

SEC("kprobe/do_nothing") int number_from_helper(void *ctx) {
  __u32 *task = (void *)bpf_get_current_task();
  return *task;
}

char _license[] SEC("license") = "GPL";

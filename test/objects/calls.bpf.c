/* Static and global subprograms shared by programs, in an order that tells depth first from breadth first. */
#include "bpf.h"

__noinline int leaf(int x) { return x * 3 + (int)ktime_get_ns(); }

static __noinline int middle(int x) { return leaf(x) - 7; }

__hidden __noinline int other(int x) { return x ^ (int)ktime_get_ns(); }

static __noinline int deep(int x) { return middle(x) + other(x) * leaf(x); }

static __noinline int never(int x) { return x + 1; }

static int step(__u32 index, int *sum) {
  *sum += leaf(index);
  return 0;
}

SEC("xdp") int first(struct xdp_md *ctx) { return deep(ctx->rx_queue_index) + other(1); }

SEC("xdp") int second(struct xdp_md *ctx) { return other(ctx->rx_queue_index) + middle(5); }

SEC("socket") int callback(struct __sk_buff *skb) {
  int sum = never(skb->len);
  loop(skb->len & 15, step, &sum, 0);
  return sum;
}

/* A static function in a section of programs, called within it. */
static __noinline SEC("tc") int helper(struct __sk_buff *skb) { return skb->len ^ (int)ktime_get_ns(); }

SEC("tc") int user(struct __sk_buff *skb) { return helper(skb) + leaf(skb->mark); }

LICENSE;

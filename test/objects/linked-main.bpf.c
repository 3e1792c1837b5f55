// One half of an object: what it declares is in linked-parts.bpf.c.
#include "linked.h"

extern struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, long);
} counts SEC(".maps");

extern const int factor;
extern __weak int nowhere(void);

static volatile int seen = 3;
static const volatile char letter = 'm';

// The other object's is strong.
__weak int chosen(void) { return 1; }
// The first of two weak ones stays.
__weak int first(void) { return 10; }

static __noinline int helper(int value) { return value + letter; }

int target(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(key_size, 4);
  __uint(max_entries, 2);
  __array(values, int(struct xdp_md *));
} jumps SEC(".maps") = {.values = {[1] = &target}};

SEC("xdp") int entry(struct xdp_md *ctx) {
  struct point at = {.x = 2, .y = ctx->ingress_ifindex};
  int key = 1;
  long *count = map_lookup(&counts, &key);
  if (count) *count += 1;
  calls += 1;
  seen += 1;
  return scaled(helper(seen), &at) * factor + chosen() + first();
}

SEC("xdp") int jump(struct xdp_md *ctx) {
  tail_call(ctx, &jumps, 1);
  return 0;
}

LICENSE;

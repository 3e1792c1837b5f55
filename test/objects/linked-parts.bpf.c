// The other half of linked-main.bpf.c.
#include "linked.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, long);
} counts SEC(".maps");

int calls = 40;
const int factor = 1000;

// Names that the other object has for itself, too.
static volatile int seen = 100;
static const volatile char letter = 'p';

int chosen(void) { return 2; }
__weak int first(void) { return 20; }

static __noinline int helper(int value) { return value - letter; }

int scaled(int value, const struct point *at) {
  if (!at) return 0;
  seen += 1;
  return helper(value) + at->x + seen;
}

SEC("xdp") int target(struct xdp_md *ctx) {
  int key = 1;
  long value = 5;
  map_update(&counts, &key, &value, 0);
  return 77;
}

LICENSE;

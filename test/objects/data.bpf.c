/* Global data: every kind of section, offsets into it, variables of several types. */
#include "bpf.h"

struct pair {
  __u32 left;
  __u64 right;
};

const volatile __u32 limit = 42;
const volatile struct pair constants[2] = {{1, 2}, {3, 4}};
__u64 counter;
struct pair totals[4];
__s32 level = -5;
char text[16] = "webpf";
__u16 custom SEC(".data.custom") = 0x1234;
__u8 scratch[8] SEC(".bss.scratch");
static volatile __u32 hidden_a = 7;
static volatile __u32 hidden_b = 9;

SEC("xdp") int globals(struct xdp_md *ctx) {
  counter += limit + constants[1].right + hidden_b;
  totals[3].right = counter;
  totals[ctx->rx_queue_index & 3].left++;
  hidden_a = level;
  scratch[3] = text[2];
  return custom;
}

SEC("xdp") int untouched(struct xdp_md *ctx) { return 2; }

LICENSE;

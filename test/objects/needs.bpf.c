/* Programs that need a kernel beside one that does not: only the former are refused. */
#include "bpf.h"

struct task {
  int pid;
  struct {
    long value;
  } inner;
} __attribute__((preserve_access_index));

enum color { RED, GREEN };

extern int CONFIG_HZ SEC(".kconfig");
extern const int kernel_symbol SEC(".ksyms");
extern int kernel_function(int) SEC(".ksyms");
int nowhere(int);

struct bad {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(colour, 1);
} broken SEC(".maps");

SEC("xdp") int fine(struct xdp_md *ctx) { return 2; }
SEC("xdp") int field(struct xdp_md *ctx) { return ((struct task *)(long)ctx->data)->inner.value; }
SEC("xdp") int enumerator(struct xdp_md *ctx) {
  return __builtin_preserve_enum_value(*(enum color *)GREEN, 1);
}
static __noinline int below(struct xdp_md *ctx) { return ((struct task *)(long)ctx->data)->pid; }
SEC("xdp") int through(struct xdp_md *ctx) { return below(ctx) + 1; }
SEC("xdp") int config(struct xdp_md *ctx) { return CONFIG_HZ; }
SEC("xdp") int symbol(struct xdp_md *ctx) { return (long)&kernel_symbol; }
SEC("xdp") int kfunc(struct xdp_md *ctx) { return kernel_function(1); }
SEC("xdp") int missing(struct xdp_md *ctx) { return nowhere(1); }
SEC("xdp") int badmap(struct xdp_md *ctx) { return (long)map_lookup(&broken, ctx); }

LICENSE;

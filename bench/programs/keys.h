/* What the map benchmarks share: 32 keys a run, drawn from the packet. */
#ifndef WEBPF_BENCH_KEYS_H
#define WEBPF_BENCH_KEYS_H

#include "program.h"

#define TURNS 32
#define PASS 2 /* XDP_PASS */

struct key {
  u32 words[4];
};

INLINE u32 seed_of(struct xdp_md *ctx) {
  u8 *data = (void *)(long)ctx->data;
  return data + 30 > (u8 *)(long)ctx->data_end ? 1 : be32_at(data + 26) | 1;
}

INLINE struct key key_of(u32 number) {
  struct key key = {{0x20010db8, 0, number, number * 0x9e3779b9}};
  return key;
}

#endif

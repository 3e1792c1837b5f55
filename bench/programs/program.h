/*
 * Benchmark programs are XDP programs over packets of fixed size. One source makes the object that webpf and the
 * Linux kernel run, the native program, and the one in WebAssembly that clang makes.
 */
#ifndef WEBPF_BENCH_PROGRAM_H
#define WEBPF_BENCH_PROGRAM_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define INLINE static inline __attribute__((always_inline))
#define SUBPROGRAM static __attribute__((noinline))
/* Loops stay loops, as in the byte code that they measure. */
#define ROLLED _Pragma("clang loop unroll(disable) vectorize(disable) interleave(disable)")

#ifdef __bpf__
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#define ENTRY SEC("xdp")
#define LOOKUP(map, key) bpf_map_lookup_elem(&map, key)
#define UPDATE(map, key, value) bpf_map_update_elem(&map, key, value, 0)
#define DELETE(map, key) bpf_map_delete_elem(&map, key)
#define OUTPUT(map, data) bpf_ringbuf_output(&map, data, sizeof(*(data)), BPF_RB_NO_WAKEUP)
#else
#include "native.h"
/* Weak: what calls it may neither inline it nor know what it does. */
#define ENTRY __attribute__((weak, noinline))
#endif

/* Keeps the compiler from rewriting what led to the value: verifiers want the difference of pointers as it stands. */
#define OPAQUE(value) asm volatile("" : "+r"(value))

/* A program that sees its packet as it is. */
#define PACKET_PROGRAM(name) ENTRY u64 name(struct xdp_md *ctx)

/* A program over the first `size` bytes of the packet, `mem`; `len`, their count, is a constant. */
#define PROGRAM(name, size)                                                        \
  INLINE u64 name##_over(u8 *mem, const u64 len);                                  \
  PACKET_PROGRAM(name) {                                                           \
    u8 *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;   \
    return data + (size) > data_end ? 0 : name##_over(data, size);                 \
  }                                                                                \
  INLINE u64 name##_over(u8 *mem, const u64 len)

INLINE u32 rotate32(u32 value, u32 bits) { return (value << bits) | (value >> (32 - bits)); }
INLINE u64 rotate64(u64 value, u32 bits) { return (value << bits) | (value >> (64 - bits)); }

/* A cheap generator for what programs make up themselves (Marsaglia's xorshift32). */
INLINE u32 xorshift32(u32 state) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^ (state << 5);
}

/* Frames and words of network order, read as the bytes they are. */
INLINE u32 be16_at(const u8 *at) { return (u32)at[0] << 8 | at[1]; }
INLINE u32 be32_at(const u8 *at) { return be16_at(at) << 16 | be16_at(at + 2); }

#endif

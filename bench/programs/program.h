/*
 * Benchmark programs run in three ways: over raw memory (`PROGRAM`), over a packet (`PACKET_PROGRAM`), and,
 * compiled natively by native-check.sh, as the reference for both.
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

#ifdef NATIVE
#include "native.h"
#define PROGRAM(name) u64 name(u8 *mem, u64 len)
#define PACKET_PROGRAM(name) u64 name(struct xdp_md *ctx)
#else
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#define PROGRAM(name) SEC("raw") u64 name(u8 *mem, u64 len)
#define PACKET_PROGRAM(name) SEC("xdp") u64 name(struct xdp_md *ctx)
#define LOOKUP(map, key) bpf_map_lookup_elem(&map, key)
#define UPDATE(map, key, value) bpf_map_update_elem(&map, key, value, 0)
#define DELETE(map, key) bpf_map_delete_elem(&map, key)
#endif

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

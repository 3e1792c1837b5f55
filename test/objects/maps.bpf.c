/* Every attribute of BTF-defined maps. */
#include "bpf.h"

struct flow {
  __u32 address;
  __u16 port;
  __u8 protocol;
};

struct stats {
  __u64 packets;
  __s64 drift;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct flow);
  __type(value, struct stats);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 24);
  __uint(max_entries, 7);
  __uint(pinning, 1);
  __uint(numa_node, 0);
} sized SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __uint(value_size, 8);
  __uint(max_entries, 100);
  __ulong(map_extra, 3);
} bloom SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 5000);
} ring SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 1);
};

struct inner one SEC(".maps"), two SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __type(key, __u32);
  __uint(max_entries, 8);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &one, [5] = &two}};

SEC("xdp") int target(struct xdp_md *ctx) { return 3; }
SEC("xdp") int jump(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(key_size, 4);
  __uint(max_entries, 4);
  __array(values, int(struct xdp_md *));
} programs SEC(".maps") = {.values = {[0] = &target, [3] = &jump}};

SEC("xdp") int jump(struct xdp_md *ctx) {
  tail_call(ctx, &programs, 0);
  return 1;
}

SEC("xdp") int use(struct xdp_md *ctx) {
  struct flow flow = {.port = 80};
  __u32 zero = 0;
  struct stats *stats = map_lookup(&flows, &flow);
  void *inside = map_lookup(&outer, &zero);
  if (inside && map_lookup(inside, &zero)) return 2;
  if (map_lookup(&sized, &zero)) return 1;
  return stats ? stats->packets : 0;
}

LICENSE;

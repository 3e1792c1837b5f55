/* Maps as before BTF: definitions in a `maps` section, here of 28 bytes, with the inner map named by position. */
#include "bpf.h"

struct bpf_map_def {
  unsigned type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node;
};

struct bpf_map_def SEC("maps") counts = {BPF_MAP_TYPE_HASH, 4, 8, 100, BPF_F_NO_PREALLOC};
struct bpf_map_def SEC("maps") outer = {BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3, 0, 0};

SEC("socket1") int count(struct __sk_buff *skb) {
  __u32 key = skb->protocol;
  __u64 *value = map_lookup(&counts, &key);
  return value ? *value : map_lookup(&outer, &key) != 0;
}

LICENSE;

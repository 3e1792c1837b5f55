/* Work in map values, done later. */
#include "record.h"

struct bpf_wq {
  __u64 opaque[2];
} __attribute__((aligned(8)));
struct element {
  __u32 number;
  struct bpf_wq work;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 10);
  __type(key, __u32);
  __type(value, struct element);
} hash SEC(".maps");

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback)(void *, int *, void *), unsigned int flags, void *aux) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;

static int work(void *map, int *key, void *value) {
  record(*key);
  return 0;
}

SEC("tc") int start(struct __sk_buff *skb) {
  __u32 key = 9;
  struct element fresh = {}, *element;
  map_update(&hash, &key, &fresh, 0);
  element = map_lookup(&hash, &key);
  if (!element) return 1;
  record(bpf_wq_start(&element->work, 0));
  record(bpf_wq_init(&element->work, &hash, 1));
  record(bpf_wq_init(&element->work, &hash, 0));
  record(bpf_wq_init(&element->work, &hash, 0));
  record(bpf_wq_set_callback_impl(&element->work, work, 1, 0));
  record(bpf_wq_set_callback_impl(&element->work, work, 0, 0));
  record(bpf_wq_start(&element->work, 1));
  record(bpf_wq_start(&element->work, 0));
  record(bpf_wq_start(&element->work, 0));
  return 0;
}

LICENSE;

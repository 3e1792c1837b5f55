// Kernel functions that end programs, count elements and print.
#include "record.h"

extern void bpf_throw(__u64 cookie) __ksym;
extern int bpf_stream_vprintk_impl(int stream, const char *fmt, const void *args, __u32 size, void *aux) __ksym;
struct bpf_map {
  __u32 id;
};
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, long);
} numbers SEC(".maps");

static __noinline int inner(int value) {
  if (value > 10) bpf_throw(value);
  return value + 1;
}

__noinline int outer(int value) { return inner(value) + inner(value + 5); }

SEC("tc") int thrown(struct __sk_buff *skb) {
  int key = 1;
  long one = 1;
  map_update(&numbers, &key, &one, 0);
  int sum = outer(skb->len - 50);
  record(sum);
  return 5;
}

SEC("tc") int printed(struct __sk_buff *skb) {
  static const char format[] = "%s has %d bytes\n";
  static const char name[] = "packet";
  __u64 args[2] = {(long)name, skb->len};
  bpf_stream_vprintk_impl(1, format, args, sizeof(args), 0);
  args[1] = 7;
  return bpf_stream_vprintk_impl(skb->mark, format, args, sizeof(args), 0);
}

SEC("tc") int counted(struct __sk_buff *skb) {
  int key = skb->len;
  long one = 1;
  map_update(&numbers, &key, &one, 0);
  return bpf_map_sum_elem_count((void *)&numbers);
}

LICENSE;

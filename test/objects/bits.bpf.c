/* Iterators over bits. */
#include "record.h"

struct bpf_iter_bits {
  __u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const __u64 *words, __u32 count) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym;

__u64 words[600];

static __always_inline void all(const __u64 *from, __u32 count) {
  struct bpf_iter_bits it;
  int *bit;
  record(bpf_iter_bits_new(&it, from, count));
  while ((bit = bpf_iter_bits_next(&it))) record(*bit);
  bpf_iter_bits_destroy(&it);
}

SEC("syscall") int bits(void *ctx) {
  words[0] = 0x8000000000000001;
  words[1] = 0x10;
  words[3] = 0x8000000000000000;
  words[510] = 2;
  all(words, 1);
  all(words, 2);
  all(words, 4);
  all(words, 511);
  all(words, 512);
  all(words, 0);
  all(0, 1);
  all((void *)-8, 1);
  all((void *)-8, 2);
  return 0;
}

SEC("syscall") int left_early(void *ctx) {
  struct bpf_iter_bits it;
  words[0] = ~0ULL;
  words[1] = 3;
  record(bpf_iter_bits_new(&it, words, 2));
  /* The iterator has a copy. */
  words[0] = 0;
  for (int i = 0; i < 3; i++) {
    int *bit = bpf_iter_bits_next(&it);
    if (bit) record(*bit);
  }
  bpf_iter_bits_destroy(&it);
  return 0;
}

LICENSE;

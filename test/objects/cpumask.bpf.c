/* Masks of CPUs. */
#include "record.h"

struct cpumask {
  unsigned long bits[128];
};
struct bpf_cpumask {
  struct cpumask cpumask;
  int usage;
};
#define MASK(m) ((struct cpumask *)(m))

extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *mask) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
extern __u32 bpf_cpumask_first(const struct cpumask *mask) __ksym;
extern __u32 bpf_cpumask_first_zero(const struct cpumask *mask) __ksym;
extern __u32 bpf_cpumask_first_and(const struct cpumask *a, const struct cpumask *b) __ksym;
extern void bpf_cpumask_set_cpu(__u32 cpu, struct bpf_cpumask *mask) __ksym;
extern void bpf_cpumask_clear_cpu(__u32 cpu, struct bpf_cpumask *mask) __ksym;
extern _Bool bpf_cpumask_test_cpu(__u32 cpu, const struct cpumask *mask) __ksym;
extern _Bool bpf_cpumask_test_and_set_cpu(__u32 cpu, struct bpf_cpumask *mask) __ksym;
extern _Bool bpf_cpumask_test_and_clear_cpu(__u32 cpu, struct bpf_cpumask *mask) __ksym;
extern void bpf_cpumask_setall(struct bpf_cpumask *mask) __ksym;
extern void bpf_cpumask_clear(struct bpf_cpumask *mask) __ksym;
extern _Bool bpf_cpumask_and(struct bpf_cpumask *to, const struct cpumask *a, const struct cpumask *b) __ksym;
extern void bpf_cpumask_or(struct bpf_cpumask *to, const struct cpumask *a, const struct cpumask *b) __ksym;
extern void bpf_cpumask_xor(struct bpf_cpumask *to, const struct cpumask *a, const struct cpumask *b) __ksym;
extern _Bool bpf_cpumask_equal(const struct cpumask *a, const struct cpumask *b) __ksym;
extern _Bool bpf_cpumask_intersects(const struct cpumask *a, const struct cpumask *b) __ksym;
extern _Bool bpf_cpumask_subset(const struct cpumask *a, const struct cpumask *b) __ksym;
extern _Bool bpf_cpumask_empty(const struct cpumask *mask) __ksym;
extern _Bool bpf_cpumask_full(const struct cpumask *mask) __ksym;
extern void bpf_cpumask_copy(struct bpf_cpumask *to, const struct cpumask *from) __ksym;
extern __u32 bpf_cpumask_any_distribute(const struct cpumask *mask) __ksym;
extern __u32 bpf_cpumask_any_and_distribute(const struct cpumask *a, const struct cpumask *b) __ksym;
extern __u32 bpf_cpumask_weight(const struct cpumask *mask) __ksym;
extern int bpf_cpumask_populate(struct bpf_cpumask *mask, void *from, unsigned long size) __ksym;

unsigned long source[4];

static __always_inline void describe(struct bpf_cpumask *mask) {
  record(bpf_cpumask_first(MASK(mask)));
  record(bpf_cpumask_first_zero(MASK(mask)));
  record(bpf_cpumask_empty(MASK(mask)));
  record(bpf_cpumask_full(MASK(mask)));
  record(bpf_cpumask_weight(MASK(mask)));
  record(bpf_cpumask_any_distribute(MASK(mask)) >= 2);
}

static __always_inline void compare(struct bpf_cpumask *a, struct bpf_cpumask *b) {
  record(bpf_cpumask_equal(MASK(a), MASK(b)));
  record(bpf_cpumask_intersects(MASK(a), MASK(b)));
  record(bpf_cpumask_subset(MASK(a), MASK(b)));
  record(bpf_cpumask_first_and(MASK(a), MASK(b)));
  record(bpf_cpumask_any_and_distribute(MASK(a), MASK(b)) >= 2);
}

/* On a machine of two CPUs. */
SEC("syscall") int masks(void *ctx) {
  struct bpf_cpumask *a, *b, *c;
  a = bpf_cpumask_create();
  if (!a) return 1;
  b = bpf_cpumask_create();
  if (!b) {
    bpf_cpumask_release(a);
    return 1;
  }
  describe(a);
  compare(a, b);
  bpf_cpumask_set_cpu(1, a);
  bpf_cpumask_set_cpu(2, a);
  bpf_cpumask_set_cpu(100000, a);
  describe(a);
  compare(a, b);
  compare(b, a);
  record(bpf_cpumask_test_cpu(0, MASK(a)));
  record(bpf_cpumask_test_cpu(1, MASK(a)));
  record(bpf_cpumask_test_cpu(2, MASK(a)));
  record(bpf_cpumask_test_and_set_cpu(0, b));
  record(bpf_cpumask_test_and_set_cpu(0, b));
  record(bpf_cpumask_test_and_set_cpu(5, b));
  record(bpf_cpumask_test_and_clear_cpu(1, b));
  compare(a, b);
  record(bpf_cpumask_and(b, MASK(a), MASK(b)));
  describe(b);
  bpf_cpumask_setall(b);
  describe(b);
  compare(a, b);
  record(bpf_cpumask_and(b, MASK(a), MASK(b)));
  describe(b);
  bpf_cpumask_setall(b);
  bpf_cpumask_xor(b, MASK(a), MASK(b));
  describe(b);
  bpf_cpumask_or(b, MASK(a), MASK(b));
  describe(b);
  bpf_cpumask_clear(b);
  bpf_cpumask_copy(b, MASK(a));
  compare(a, b);
  bpf_cpumask_clear_cpu(1, a);
  describe(a);
  source[0] = 1;
  record(bpf_cpumask_populate(a, source, 8));
  describe(a);
  record(bpf_cpumask_populate(a, source, 4));
  record(bpf_cpumask_populate(a, (char *)source + 4, 8));
  c = bpf_cpumask_acquire(a);
  bpf_cpumask_release(a);
  record(bpf_cpumask_weight(MASK(c)));
  bpf_cpumask_release(c);
  bpf_cpumask_release(b);
  return 0;
}

LICENSE;

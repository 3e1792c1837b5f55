/* Programs that call functions of the kernel: strong, weak and from subprograms; and some that take an address. */
#include "bpf.h"

struct bpf_iter_num {
  __u64 opaque[1];
} __attribute__((aligned(8)));

#define __ksym SEC(".ksyms")
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int not_of_this_kernel(int) __weak __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __weak __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __weak __ksym;
extern const int variable __weak __ksym;

static __noinline int guarded(struct __sk_buff *ctx) {
  bpf_rcu_read_unlock();
  return ctx->len;
}

/* The subprogram is walked where it is first called, so that its function is counted second. */
SEC("tc") int order(struct __sk_buff *ctx) {
  bpf_rcu_read_lock();
  int length = guarded(ctx);
  bpf_preempt_disable();
  bpf_preempt_enable();
  return length;
}

SEC("tc") int iterate(struct __sk_buff *ctx) {
  struct bpf_iter_num it;
  int sum = 0, *value;
  bpf_iter_num_new(&it, 0, 10);
  while ((value = bpf_iter_num_next(&it))) sum += *value;
  bpf_iter_num_destroy(&it);
  return sum;
}

SEC("tc") int weak(struct __sk_buff *ctx) { return ctx->len > 100 ? 0 : not_of_this_kernel(1); }
SEC("tc") int address(struct __sk_buff *ctx) { return not_of_this_kernel ? not_of_this_kernel(1) : 0; }
SEC("tc") int strong(struct __sk_buff *ctx) { return (long)bpf_rcu_read_lock; }
SEC("tc") int datum(struct __sk_buff *ctx) { return (long)&variable; }
SEC("tc") int known(struct __sk_buff *ctx) {
  unsigned long flags;
  if (!bpf_local_irq_save || !bpf_local_irq_restore) return 0;
  bpf_local_irq_save(&flags);
  bpf_local_irq_restore(&flags);
  return 1;
}
SEC("tc") int none(struct __sk_buff *ctx) { return 0; }

LICENSE;

/* CO-RE relocations: of types that no host has, of contexts that webpf has, guarded and not. */
#include "bpf.h"

#define __core __attribute__((preserve_access_index))

#define type_id_local(type) __builtin_btf_type_id(*(type *)0, 0)
#define type_id_target(type) __builtin_btf_type_id(*(type *)0, 1)
#define type_exists(type) __builtin_preserve_type_info(*(type *)0, 0)
#define type_size(type) __builtin_preserve_type_info(*(type *)0, 1)
#define type_matches(type) __builtin_preserve_type_info(*(type *)0, 2)
#define enumerator_exists(type, name) __builtin_preserve_enum_value(*(type *)name, 0)
#define enumerator_value(type, name) __builtin_preserve_enum_value(*(type *)name, 1)
#define field_size(field) __builtin_preserve_field_info(field, 1)
#define field_exists(field) __builtin_preserve_field_info(field, 2)
#define field_signed(field) __builtin_preserve_field_info(field, 3)
#define field_left_shift(field) __builtin_preserve_field_info(field, 4)
#define field_right_shift(field) __builtin_preserve_field_info(field, 5)

struct task {
  int pid;
  struct {
    long values[4];
  } inner;
  int flag : 3;
} __core;

enum color { RED, GREEN = 7 };
enum wide { HUGE = 0x1ffffffff };

/* Parts of contexts, of another layout than the contexts themselves. */
struct bpf_sock_ops___part {
  __u32 family;
  __u32 args[4];
  __u32 not_of_linux;
  __u64 local_port;
} __core;
struct pt_regs___part {
  unsigned long di;
} __core;
/* By its name a context, but for its kind. */
typedef struct {
  __u32 data;
} xdp_md_t;

/* A store, lest the compiler fold the answers of several relocations into one. */
#define keep(value) asm volatile("" ::"r"((long)(value)))

SEC("socket") int types(void *ctx) {
  keep(type_id_local(struct task));
  keep(type_id_target(struct task));
  keep(type_exists(struct task));
  keep(type_size(struct task));
  keep(type_matches(struct task));
  return 0;
}

SEC("socket") int enumerators(void *ctx) {
  if (enumerator_exists(enum color, GREEN)) return enumerator_value(enum color, GREEN);
  if (enumerator_exists(enum wide, HUGE)) return enumerator_value(enum wide, HUGE) >> 32;
  return 0;
}

static __noinline int values(struct task *task) {
  return field_exists(task->inner.values[2]) ? task->inner.values[2] : 1;
}

/* All that is poisoned is in branches not taken. */
SEC("socket") int guarded(void *ctx) {
  struct task *task = ctx;
  if (field_exists(task->pid)) return task->pid;
  return values(task);
}

SEC("socket") int unguarded(void *ctx) { return ((struct task *)ctx)->pid; }

SEC("socket") int bitfield(void *ctx) {
  struct task *task = ctx;
  return field_left_shift(task->flag) + field_right_shift(task->flag) + field_signed(task->flag);
}

SEC("sockops") int contexts(struct bpf_sock_ops___part *ctx) {
  keep(type_exists(struct bpf_sock_ops___part));
  keep(type_size(struct bpf_sock_ops___part));
  keep(field_exists(ctx->args[3]));
  keep(field_exists(ctx->not_of_linux));
  keep(field_size(ctx->family));
  keep(field_size(ctx->args));
  keep(field_signed(ctx->family));
  keep(field_left_shift(ctx->family));
  keep(field_right_shift(ctx->family));
  return ctx->family + ctx->args[2];
}

SEC("kprobe/f") int registers(struct pt_regs___part *ctx) { return ctx->di; }

/* What webpf does not answer of a context: another width, its number, whether the whole of it matches. */
SEC("sockops") int unanswered(struct bpf_sock_ops___part *ctx) {
  keep(type_id_target(struct bpf_sock_ops___part));
  keep(type_matches(struct bpf_sock_ops___part));
  return ctx->local_port;
}

SEC("socket") int named(void *ctx) { return type_exists(xdp_md_t); }

LICENSE;

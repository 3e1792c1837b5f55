// A table of callbacks, as a host may define one: a policy that decides about requests.
#include "bpf.h"

typedef _Bool bool;
#define __nullable __attribute__((btf_type_tag("nullable")))

struct request {
  __u32 id;
  __u16 size;
  char path[10];
};

struct policy_ops {
  int (*init)(void);
  int (*admit)(struct request *request, __u64 now);
  bool (*matches)(const struct request *request, const struct request __nullable *other);
  void (*done)(__u32 id, __s64 status);
  __u64 (*total)(void);
  int (*never)(int value);
  __u32 flags;
  char name[12];
};

static __u64 finished;
static __s64 last;

SEC("struct_ops/init") int init(void *ctx) { return -7; }

SEC("struct_ops/admit") int admit(__u64 *ctx) {
  struct request *request = (void *)ctx[0];
  __u64 now = ctx[1];
  if (now < 100) return -1;
  request->size += 1;
  request->path[0] = '/';
  return request->id;
}

SEC("struct_ops/matches") bool matches(__u64 *ctx) {
  const struct request *request = (void *)ctx[0];
  const struct request *other = (void *)ctx[1];
  return other && other->id == request->id;
}

SEC("struct_ops.s/done") void done(__u64 *ctx) {
  finished += 1;
  last = ctx[1];
}

SEC("struct_ops/total") __u64 total(void *ctx) { return finished << 40 | (last & 0xff); }

// Writes through a pointer to const.
SEC("struct_ops/matches") bool writes(__u64 *ctx) {
  struct request *request = (void *)ctx[0];
  request->id = 1;
  return 1;
}

// May be NULL.
SEC("struct_ops/matches") bool follows(__u64 *ctx) {
  const struct request *other = (void *)ctx[1];
  return other->id == 1;
}

// In no table.
SEC("struct_ops/admit") int stray(__u64 *ctx) { return 0; }

SEC(".struct_ops.link") struct policy_ops policy = {
    .init = (void *)init,
    .admit = (void *)admit,
    .matches = (void *)matches,
    .done = (void *)done,
    .total = (void *)total,
    .flags = 5,
    .name = "strict",
};

SEC(".struct_ops") struct policy_ops broken = {.matches = (void *)writes};
SEC(".struct_ops.link") struct policy_ops careless = {.matches = (void *)follows, .name = "careless"};

LICENSE;

/* What dynptrs give back at their edges: of memory, ring buffers and packets. */
#include "record.h"

static long (*from_mem)(void *data, __u32 size, __u64 flags, struct bpf_dynptr *ptr) = HELPER(197);
static long (*ringbuf_reserve)(void *map, __u32 size, __u64 flags, struct bpf_dynptr *ptr) = HELPER(198);
static void (*ringbuf_submit)(struct bpf_dynptr *ptr, __u64 flags) = HELPER(199);
static void (*ringbuf_discard)(struct bpf_dynptr *ptr, __u64 flags) = HELPER(200);
static long (*dynptr_read)(void *to, __u32 size, struct bpf_dynptr *ptr, __u32 off, __u64 flags) = HELPER(201);
static long (*dynptr_write)(struct bpf_dynptr *ptr, __u32 off, void *from, __u32 size, __u64 flags) = HELPER(202);
static void *(*dynptr_data)(struct bpf_dynptr *ptr, __u32 off, __u32 size) = HELPER(203);
static long (*adjust_tail)(void *ctx, int delta) = HELPER(65);
static long (*adjust_meta)(void *ctx, int delta) = HELPER(54);

extern int bpf_dynptr_adjust(struct bpf_dynptr *p, __u32 start, __u32 end) __ksym;
extern _Bool bpf_dynptr_is_null(struct bpf_dynptr *p) __ksym;
extern _Bool bpf_dynptr_is_rdonly(struct bpf_dynptr *p) __ksym;
extern __u32 bpf_dynptr_size(struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_clone(struct bpf_dynptr *p, struct bpf_dynptr *clone) __ksym;
extern int bpf_dynptr_copy(struct bpf_dynptr *to, __u32 to_off, struct bpf_dynptr *from, __u32 from_off, __u32 size) __ksym;
extern int bpf_dynptr_memset(struct bpf_dynptr *p, __u32 off, __u32 size, __u8 value) __ksym;
extern void *bpf_dynptr_slice(struct bpf_dynptr *p, __u32 off, void *buffer, __u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(struct bpf_dynptr *p, __u32 off, void *buffer, __u32 size) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *p) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

char memory[300];

static __always_inline void describe(struct bpf_dynptr *p) {
  record(bpf_dynptr_is_null(p));
  record(bpf_dynptr_is_rdonly(p));
  record(bpf_dynptr_size(p));
}

static __always_inline void fill(void) {
  for (int i = 0; i < 300; i++) memory[i] = (char)i;
}

SEC("tc") int of_memory(struct __sk_buff *skb) {
  struct bpf_dynptr p, other;
  char bytes[16] = {};
  char *data;
  fill();
  record(from_mem(memory, 300, 0, &p));
  describe(&p);
  record(dynptr_read(bytes, 16, &p, 284, 0));
  record(bytes[0]);
  record(dynptr_read(bytes, 16, &p, 285, 0));
  record(dynptr_read(bytes, 16, &p, 0xffffffff, 0));
  record(dynptr_read(bytes, 16, &p, 0, 1));
  record(dynptr_write(&p, 100, bytes, 16, 0));
  record(dynptr_write(&p, 290, bytes, 16, 0));
  record(dynptr_write(&p, 0, bytes, 16, 1));
  record(bpf_dynptr_adjust(&p, 10, 200));
  describe(&p);
  record(dynptr_read(bytes, 4, &p, 0, 0));
  record(bytes[0]);
  record(bpf_dynptr_adjust(&p, 5, 4));
  record(bpf_dynptr_adjust(&p, 191, 191));
  record(bpf_dynptr_adjust(&p, 0, 191));
  record(bpf_dynptr_adjust(&p, 190, 190));
  record(bpf_dynptr_size(&p));
  record(dynptr_read(bytes, 0, &p, 0, 0));
  record(dynptr_read(bytes, 1, &p, 0, 0));
  record(from_mem(memory, 300, 0, &p));
  record(bpf_dynptr_clone(&p, &other));
  record(bpf_dynptr_adjust(&other, 100, 200));
  record(bpf_dynptr_size(&p));
  record(bpf_dynptr_size(&other));
  record(bpf_dynptr_copy(&p, 5, &other, 10, 20));
  record(memory[5]);
  record(bpf_dynptr_copy(&p, 299, &other, 10, 2));
  record(bpf_dynptr_copy(&p, 0, &other, 99, 2));
  record(bpf_dynptr_memset(&other, 50, 50, 7));
  record(memory[149]);
  record(memory[150]);
  record(memory[199]);
  record(bpf_dynptr_memset(&other, 50, 51, 7));
  data = dynptr_data(&p, 150, 2);
  if (data) record(data[1]);
  record(dynptr_data(&p, 299, 2) == 0);
  data = bpf_dynptr_slice(&other, 60, 0, 8);
  if (data) record(data[7]);
  record(bpf_dynptr_slice(&other, 93, bytes, 8) == 0);
  data = bpf_dynptr_slice_rdwr(&other, 0, 0, 1);
  if (data) data[0] = 99;
  record(memory[100]);
  return 0;
}

SEC("tc") int of_nothing(struct __sk_buff *skb) {
  struct bpf_dynptr p, other;
  char bytes[8] = {};
  record(from_mem(memory, 300, 1, &p));
  describe(&p);
  record(dynptr_read(bytes, 8, &p, 0, 0));
  record(dynptr_write(&p, 0, bytes, 8, 0));
  record(dynptr_data(&p, 0, 1) == 0);
  record(bpf_dynptr_adjust(&p, 0, 0));
  record(bpf_dynptr_clone(&p, &other));
  describe(&other);
  record(bpf_dynptr_memset(&p, 0, 0, 1));
  record(bpf_dynptr_memset(&p, 0, 1, 1));
  record(from_mem(memory, 300, 0, &other));
  record(bpf_dynptr_copy(&p, 0, &other, 0, 0));
  record(bpf_dynptr_copy(&p, 0, &other, 0, 1));
  record(bpf_dynptr_copy(&other, 0, &p, 0, 1));
  record(bpf_dynptr_slice(&p, 0, bytes, 8) == 0);
  return 0;
}

SEC("tc") int of_rings(struct __sk_buff *skb) {
  struct bpf_dynptr p;
  char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  long *data;
  record(ringbuf_reserve(&ring, 64, 0, &p));
  describe(&p);
  record(dynptr_write(&p, 8, bytes, 8, 0));
  data = dynptr_data(&p, 8, 8);
  if (data) record(*data);
  record(bpf_dynptr_adjust(&p, 8, 32));
  ringbuf_submit(&p, 0);
  record(ringbuf_reserve(&ring, 4096, 0, &p));
  describe(&p);
  ringbuf_submit(&p, 0);
  record(ringbuf_reserve(&ring, 64, 1, &p));
  ringbuf_discard(&p, 0);
  record(ringbuf_reserve(&ring, 1 << 24, 0, &p));
  ringbuf_discard(&p, 0);
  record(ringbuf_reserve(&ring, 64, 0, &p));
  ringbuf_discard(&p, 0);
  return 0;
}

SEC("tc") int of_skb(struct __sk_buff *skb) {
  struct bpf_dynptr p, clone;
  char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  char *data;
  record(bpf_dynptr_from_skb(skb, 1, &p));
  describe(&p);
  record(bpf_dynptr_from_skb(skb, 0, &p));
  describe(&p);
  record(dynptr_read(bytes, 8, &p, 12, 0));
  record(bytes[0]);
  record(dynptr_read(bytes, 8, &p, 57, 0));
  record(dynptr_write(&p, 20, bytes, 8, 0));
  record(dynptr_write(&p, 20, bytes, 8, 3));
  record(dynptr_write(&p, 20, bytes, 8, 4));
  record(dynptr_write(&p, 60, bytes, 8, 0));
  record(dynptr_data(&p, 0, 8) == 0);
  record(bpf_dynptr_adjust(&p, 14, 40));
  describe(&p);
  data = bpf_dynptr_slice(&p, 0, bytes, 8);
  if (data) record(data[0]);
  data = bpf_dynptr_slice_rdwr(&p, 6, bytes, 8);
  if (data) data[2] = 77;
  record(bpf_dynptr_slice(&p, 19, bytes, 8) == 0);
  record(bpf_dynptr_clone(&p, &clone));
  record(bpf_dynptr_memset(&clone, 20, 6, 0xee));
  record(bpf_dynptr_memset(&clone, 20, 7, 0xee));
  record(bpf_dynptr_copy(&p, 0, &clone, 20, 4));
  return 0;
}

SEC("cgroup_skb/ingress") int of_read_only(struct __sk_buff *skb) {
  struct bpf_dynptr p;
  char bytes[8] = {};
  record(bpf_dynptr_from_skb(skb, 0, &p));
  record(bpf_dynptr_is_null(&p));
  record(bpf_dynptr_is_rdonly(&p));
  record(dynptr_write(&p, 0, bytes, 8, 0));
  record(dynptr_read(bytes, 8, &p, 0, 0));
  record(bpf_dynptr_memset(&p, 0, 1, 1));
  record(bpf_dynptr_copy(&p, 0, &p, 1, 1));
  return 1;
}

SEC("xdp") int of_xdp(struct xdp_md *xdp) {
  struct bpf_dynptr p;
  char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  char *data;
  record(bpf_dynptr_from_xdp(xdp, 1, &p));
  describe(&p);
  record(bpf_dynptr_from_xdp(xdp, 0, &p));
  describe(&p);
  record(dynptr_read(bytes, 8, &p, 12, 0));
  record(bytes[0]);
  record(dynptr_read(bytes, 8, &p, 57, 0));
  record(dynptr_write(&p, 20, bytes, 8, 0));
  record(dynptr_write(&p, 20, bytes, 8, 1));
  record(dynptr_write(&p, 60, bytes, 8, 0));
  record(dynptr_data(&p, 0, 8) == 0);
  data = bpf_dynptr_slice_rdwr(&p, 30, bytes, 8);
  if (data) data[2] = 77;
  record(bpf_dynptr_slice(&p, 60, 0, 8) == 0);
  record(adjust_tail(xdp, -10));
  record(bpf_dynptr_size(&p));
  record(dynptr_read(bytes, 8, &p, 50, 0));
  record(dynptr_write(&p, 50, bytes, 8, 0));
  record(bpf_dynptr_slice(&p, 50, 0, 8) == 0);
  record(bpf_dynptr_memset(&p, 40, 4, 0x11));
  return XDP_PASS;
}

LICENSE;

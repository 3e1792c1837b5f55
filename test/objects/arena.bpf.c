// Programs that keep what they know in an arena: a list whose nodes they allocate, variables, atomics.
#include "bpf.h"

#define BPF_MAP_TYPE_ARENA 33 // Older headers lack it.
#define __ksym SEC(".ksyms")
#define __arena __attribute__((address_space(1)))

struct {
  __uint(type, BPF_MAP_TYPE_ARENA);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 16);
} arena SEC(".maps");

extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 pages, int node, __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void __arena *ptr, __u32 pages) __ksym;
extern int bpf_arena_reserve_pages(void *map, void __arena *ptr, __u32 pages) __ksym;

// The kernel wants the map named where pointers into it are followed.
#define OF_ARENA asm volatile("" ::"r"(&arena))

struct node {
  struct node __arena *next;
  __s32 value;
  __u16 small;
  __s8 tiny;
};

struct node __arena *head;
int __arena count = 40;
long __arena table[4] = {1, 2, 3, 4};

struct args {
  long op, value, result;
};

// Puts a node in front of the list.
SEC("syscall") int push(struct args *args) {
  struct node __arena *node = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
  if (!node) return 1;
  node->value = args->value;
  node->small = args->value >> 8;
  node->tiny = args->value >> 16;
  node->next = head;
  head = node;
  count += 1;
  return 0;
}

SEC("syscall") int sum(struct args *args) {
  long sum = 0;
  OF_ARENA;
  int i = 0;
  struct node __arena *node = head;
  while (node && i < 20) {
    sum += node->value + node->small + node->tiny;
    node = node->next;
    i++;
  }
  args->result = sum;
  return i;
}

// Atomics, of 4 and 8 bytes, and stores of constants.
SEC("syscall") int change(struct args *args) {
  args->result = __sync_fetch_and_add(&table[1], args->value);
  __sync_fetch_and_or((int __arena *)&table[2], 8);
  args->op = __sync_val_compare_and_swap(&table[3], 4, 77);
  *(volatile char __arena *)&table[0] = 9;
  *(volatile short __arena *)((char __arena *)&table[0] + 2) = -2;
  return 0;
}

// Where no page is: loads are 0, stores are lost.
SEC("syscall") int outside(struct args *args) {
  OF_ARENA;
  volatile long __arena *at = (void __arena *)args->value;
  long before = at[0];
  at[0] = 5;
  long fetched = __sync_fetch_and_add((long __arena *)at, 1);
  args->result = before + at[0] + fetched;
  return 0;
}

// Pages at an address, reserved, freed, one after the other.
SEC("syscall") int pages(struct args *args) {
  char __arena *start = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
  if (!start) return 1;
  if (bpf_arena_alloc_pages(&arena, start, 1, -1, 0)) return 2;
  if (bpf_arena_reserve_pages(&arena, start + 4096, 2)) return 3;
  if (bpf_arena_reserve_pages(&arena, start, 1) != -16) return 4;
  if (bpf_arena_reserve_pages(&arena, start + 4096 * 100, 1) != -22) return 5;
  if (bpf_arena_alloc_pages(&arena, start + 4096, 1, -1, 0)) return 6;
  if (bpf_arena_alloc_pages(&arena, start + 1, 1, -1, 0)) return 7;
  if (bpf_arena_alloc_pages(&arena, 0, 17, -1, 0)) return 8;
  if (bpf_arena_alloc_pages(&arena, 0, 0, -1, 0)) return 9;
  if (bpf_arena_alloc_pages(&arena, 0, 1, -1, 1)) return 10;
  *start = 1;
  bpf_arena_free_pages(&arena, start, 1);
  if (*start) return 11;
  char __arena *again = bpf_arena_alloc_pages(&arena, start, 1, -1, 0);
  if (again != start) return 12;
  if (*again) return 13;
  bpf_arena_free_pages(&arena, start, 1000);
  args->result = (long)(void __arena *)again;
  return 0;
}

long __arena faults;

// A page of one's own: nobody else has it until it is given back, and it begins with zeros.
SEC("syscall") int churn(struct args *args) {
  long __arena *page = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
  if (!page) return 1;
  if (__sync_fetch_and_add(page, 1) != 0) __sync_fetch_and_add(&faults, 1);
  page[511] = 7;
  if (__sync_fetch_and_add(page, 1) != 1) __sync_fetch_and_add(&faults, 1);
  bpf_arena_free_pages(&arena, page, 1);
  return 0;
}

// Arithmetic with pointers: hashes, masks, distances.
SEC("syscall") int arithmetic(struct args *args) {
  char __arena *start = (char __arena *)table;
  char __arena *at = start + args->value;
  if ((long)(at - start) != args->value) return 1;
  __u64 page = (__u64)at & ~4095ull;
  if (page > (__u64)at) return 2;
  args->result = ((__u64)at >> 12) - (page >> 12);
  return at == start + args->value ? 0 : 3;
}

LICENSE;

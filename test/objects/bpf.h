/* What the sources here need of libbpf's headers: section and map macros, a few types and helpers. */
#pragma once

#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]
#define __ulong(name, value) enum { __ulong_##name##_##value = value } name
#define __noinline __attribute__((noinline))
#define __hidden __attribute__((visibility("hidden")))
#define __weak __attribute__((weak))

#define HELPER(id) ((void *)id)
static void *(*map_lookup)(void *map, const void *key) = HELPER(1);
static long (*map_update)(void *map, const void *key, const void *value, __u64 flags) = HELPER(2);
static __u64 (*ktime_get_ns)(void) = HELPER(5);
static long (*tail_call)(void *ctx, void *map, __u32 index) = HELPER(12);
static long (*for_each)(void *map, void *callback, void *ctx, __u64 flags) = HELPER(164);
static long (*loop)(__u32 count, void *callback, void *ctx, __u64 flags) = HELPER(181);

#define LICENSE char _license[] SEC("license") = "Dual BSD/GPL"

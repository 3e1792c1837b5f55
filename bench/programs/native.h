/*
 * What a program needs outside of eBPF: its context with pointers of this machine. Where there is a C library, sections
 * mean nothing and maps are lists of elements, slow ones: they tell what is right, not how fast it can be.
 */
#ifndef WEBPF_BENCH_NATIVE_H
#define WEBPF_BENCH_NATIVE_H

struct xdp_md {
  unsigned long data, data_end;
};

#if __STDC_HOSTED__ && !defined(__wasm__)
#include <stdlib.h>
#include <string.h>

#define xdp_md linux_xdp_md
#include <linux/bpf.h>
#undef xdp_md

#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

struct native_map {
  const void *definition;
  u32 type, key_size, value_size, most, count, oldest;
  u8 *keys, *values;
};

static struct native_map native_maps[8];

static struct native_map *native_map(const void *definition, u32 type, u32 key_size, u32 value_size,
                                     u32 most) {
  struct native_map *map = native_maps;
  while (map->definition && map->definition != definition) map++;
  if (map->definition) return map;
  *map = (struct native_map){definition, type, key_size, value_size, most};
  map->keys = calloc(most, key_size);
  map->values = calloc(most, value_size);
  return map;
}

static int native_is_array(const struct native_map *map) {
  return map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* Leading bits that the data of two LPM keys share, at most `most`. */
static u32 native_shared(const u8 *a, const u8 *b, u32 most) {
  u32 bits = 0;
  while (bits < most && !((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8) & 1)) bits++;
  return bits;
}

static int native_longest(const struct native_map *map, const u8 *key) {
  int best = -1;
  s64 longest = -1;
  for (u32 i = 0; i < map->count; i++) {
    const u8 *entry = map->keys + i * map->key_size;
    u32 length = *(u32 *)entry;
    if (length <= *(u32 *)key && length > longest && native_shared(entry + 4, key + 4, length) == length)
      best = i, longest = length;
  }
  return best;
}

static int native_find(const struct native_map *map, const void *key) {
  for (u32 i = 0; i < map->count; i++)
    if (!memcmp(map->keys + i * map->key_size, key, map->key_size)) return i;
  return -1;
}

static void *native_lookup(struct native_map *map, const void *key) {
  int at;
  if (native_is_array(map)) at = *(u32 *)key < map->most ? (int)*(u32 *)key : -1;
  else if (map->type == BPF_MAP_TYPE_LPM_TRIE) at = native_longest(map, key);
  else at = native_find(map, key);
  return at < 0 ? NULL : map->values + at * map->value_size;
}

static long native_update(struct native_map *map, const void *key, const void *value) {
  int at = native_is_array(map) ? (int)*(u32 *)key : native_find(map, key);
  if (at < 0 && map->count < map->most) at = map->count++;
  if (at < 0 && map->type == BPF_MAP_TYPE_LRU_HASH) at = map->oldest++ % map->most;
  if (at < 0) return -7; /* E2BIG */
  if (!native_is_array(map)) memcpy(map->keys + at * map->key_size, key, map->key_size);
  memcpy(map->values + at * map->value_size, value, map->value_size);
  return 0;
}

static long native_delete(struct native_map *map, const void *key) {
  int at = native_find(map, key);
  if (at < 0) return -2; /* ENOENT */
  map->count--;
  memmove(map->keys + at * map->key_size, map->keys + map->count * map->key_size, map->key_size);
  memmove(map->values + at * map->value_size, map->values + map->count * map->value_size, map->value_size);
  return 0;
}

#define MAP(map)                                                                                \
  native_map(&map, sizeof(*map.type) / sizeof(int), sizeof(*map.key), sizeof(*map.value),       \
             sizeof(*map.max_entries) / sizeof(int))
#define LOOKUP(map, key) native_lookup(MAP(map), key)
#define UPDATE(map, key, value) native_update(MAP(map), key, value)
#define DELETE(map, key) native_delete(MAP(map), key)
/* A ring whose reader has always read already. */
#define OUTPUT(map, data) ((void)(data), 0)

#endif

#endif

/* 32 lookups of keys that an almost empty hash does not have. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct key);
  __type(value, u64);
  __uint(max_entries, 1024);
} counters SEC(".maps");

PACKET_PROGRAM(map_miss) {
  u32 number = seed_of(ctx);
  u64 missed = 0, one = 1;
  struct key present = key_of(0);
  UPDATE(counters, &present, &one);
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    struct key key = key_of(number | 1);
    missed += !LOOKUP(counters, &key);
  }
  return missed;
}

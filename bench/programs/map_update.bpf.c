/* 32 updates of 128 elements of a hash. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct key);
  __type(value, u64);
  __uint(max_entries, 1024);
} latest SEC(".maps");

PACKET_PROGRAM(map_update) {
  u32 number = seed_of(ctx);
  u64 updated = 0;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    struct key key = key_of(number & 127);
    u64 value = number;
    updated += UPDATE(latest, &key, &value) == 0;
  }
  return updated;
}

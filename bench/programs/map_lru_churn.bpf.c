/* 32 updates of an LRU hash from 4 times as many keys as it holds: most drive another element out. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, struct key);
  __type(value, u64);
  __uint(max_entries, 1024);
} latest SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, u32);
  __type(value, u32);
  __uint(max_entries, 1);
} state SEC(".maps");

PACKET_PROGRAM(map_lru_churn) {
  u32 zero = 0;
  u32 *number = LOOKUP(state, &zero);
  if (!number) return 0;
  if (*number == 0) *number = seed_of(ctx);
  u64 updated = 0;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    *number = xorshift32(*number);
    struct key key = key_of(*number & 4095);
    u64 value = turn;
    updated += UPDATE(latest, &key, &value) == 0;
  }
  return updated;
}

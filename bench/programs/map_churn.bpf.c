/* 32 elements added to a hash and deleted again. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct key);
  __type(value, u64);
  __uint(max_entries, 1024);
} latest SEC(".maps");

PACKET_PROGRAM(map_churn) {
  u32 number = seed_of(ctx);
  u64 done = 0;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    struct key key = key_of(number);
    u64 value = number;
    done += UPDATE(latest, &key, &value) == 0;
    done += DELETE(latest, &key) == 0;
  }
  return done;
}

/* Counters in an LRU hash: 32 lookups of 16-byte keys; the first time each is added. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, struct key);
  __type(value, u64);
  __uint(max_entries, 1024);
} counters SEC(".maps");

PACKET_PROGRAM(map_lru) {
  u32 number = seed_of(ctx);
  u64 sum = 0, one = 1;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    struct key key = key_of(number & 127);
    u64 *counter = LOOKUP(counters, &key);
    if (counter) sum += ++*counter;
    else sum += UPDATE(counters, &key, &one) == 0;
  }
  return sum;
}

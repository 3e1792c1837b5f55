/* Counters in a per-CPU array: 32 lookups that find a value, and an increment each. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, u32);
  __type(value, u64);
  __uint(max_entries, 256);
} counters SEC(".maps");

PACKET_PROGRAM(map_percpu) {
  u32 number = seed_of(ctx);
  u64 sum = 0;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    u32 index = number & 255;
    u64 *counter = LOOKUP(counters, &index);
    if (counter) sum += ++*counter;
  }
  return sum;
}

/* 32 longest-prefix matches; the first run adds the prefixes that are missing, of 8 to 24 bits. */
#include "keys.h"

struct prefix {
  u32 length;
  u32 address;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, u64);
  __uint(max_entries, 1024);
} prefixes SEC(".maps");

PACKET_PROGRAM(map_lpm) {
  u32 number = seed_of(ctx);
  u64 sum = 0, one = 1;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    struct prefix key = {32, number};
    u64 *counter = LOOKUP(prefixes, &key);
    if (counter) {
      sum += ++*counter;
      continue;
    }
    key.length = 8 + (number >> 16) % 17;
    sum += UPDATE(prefixes, &key, &one) == 0;
  }
  return sum;
}

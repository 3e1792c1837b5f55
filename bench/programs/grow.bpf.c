/* Fills a hash of any size and looks things up in it: `fill` adds 64 elements a run, `hit` and `miss` look up 32. */
#include "program.h"

struct state {
  u32 next;   /* what `fill` adds next */
  u32 filled; /* elements that `hit` draws from */
  u32 random;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, u32);
  __type(value, struct state);
  __uint(max_entries, 1);
} states SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, u64);
  __type(value, u64);
  __uint(max_entries, 1024);
} table SEC(".maps");

INLINE u64 key_of(u32 number) { return number * 0x9e3779b97f4a7c15ull; }

/* Returns how many were added. */
PACKET_PROGRAM(fill) {
  u32 zero = 0;
  u64 added = 0;
  struct state *state = LOOKUP(states, &zero);
  if (!state) return 0;
  ROLLED for (int turn = 0; turn < 64; turn++) {
    u64 key = key_of(state->next++), value = turn;
    added += UPDATE(table, &key, &value) == 0;
  }
  return added;
}

INLINE u64 draw(u32 offset) {
  u32 zero = 0;
  u64 found = 0;
  struct state *state = LOOKUP(states, &zero);
  if (!state || !state->filled) return 0;
  ROLLED for (int turn = 0; turn < 32; turn++) {
    state->random = xorshift32(state->random | 1);
    u64 key = key_of(state->random % state->filled + offset);
    found += LOOKUP(table, &key) != NULL;
  }
  return found;
}

PACKET_PROGRAM(hit) { return draw(0); }

PACKET_PROGRAM(miss) { return draw(1u << 31); }

/* 32 records of 16 bytes put into a ring buffer; whoever measures makes room between runs. */
#include "keys.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 24);
} events SEC(".maps");

PACKET_PROGRAM(map_ringbuf) {
  u32 number = seed_of(ctx);
  u64 sent = 0;
  ROLLED for (int turn = 0; turn < TURNS; turn++) {
    number = xorshift32(number);
    struct key event = key_of(number);
    sent += OUTPUT(events, &event) == 0;
  }
  return sent;
}

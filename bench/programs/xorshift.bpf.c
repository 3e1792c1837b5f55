/* Marsaglia's xorshift64: shifts and exclusive ors, each needing the one before. */
#include "program.h"

PROGRAM(xorshift, 64) {
  u64 state = 88172645463325252ull;
  ROLLED for (int i = 0; i < 1364; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  return state;
}

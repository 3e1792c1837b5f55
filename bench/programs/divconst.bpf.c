/* Divisions by constants: digits, dates, buckets. */
#include "program.h"

PROGRAM(divconst, 64) {
  u64 state = 1;
  u64 sum = 0;
  ROLLED for (int i = 0; i < 200; i++) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    sum += state / 1000000007 + state % 86400;
    sum ^= (u32)state / 10 + (u32)state % 10;
    sum += state / 641;
  }
  return sum;
}

/* The primes below 256, by sieve; four times. */
#include "program.h"

#define N 256

PROGRAM(sieve, 256) {
  u32 primes = 0;
  ROLLED for (int turn = 0; turn < 4; turn++) {
    ROLLED for (u32 i = 0; i < N; i++) mem[i] = 1;
    ROLLED for (u32 i = 2; i < N; i++) {
      if (!mem[i]) continue;
      primes += i;
      ROLLED for (u32 multiple = i * i; multiple < N; multiple += i) mem[multiple] = 0;
    }
  }
  return primes;
}

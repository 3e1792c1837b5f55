/* Insertion sort of 32 numbers, on a copy of them so that each run finds the same. */
#include "program.h"

#define N 32

PROGRAM(sort, 256) {
  u32 *from = (u32 *)mem, *sorted = from + N;
  ROLLED for (int i = 0; i < N; i++) {
    u32 value = from[i];
    int at = i;
    ROLLED while (at > 0 && sorted[at - 1] > value) {
      sorted[at] = sorted[at - 1];
      at--;
    }
    sorted[at] = value;
  }
  u64 hash = 0;
  ROLLED for (int i = 0; i < N; i++) hash = hash * 31 + sorted[i];
  return hash;
}

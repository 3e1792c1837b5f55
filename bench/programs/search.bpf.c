/* 32 binary searches in 128 ascending numbers. */
#include "program.h"

#define N 128

PROGRAM(search) {
  if (len < N * sizeof(u32)) return 0;
  u32 *numbers = (u32 *)mem;
  ROLLED for (u32 i = 0; i < N; i++) numbers[i] = i * i * 5 + i;
  u64 found = 0;
  u32 wanted = 12345;
  ROLLED for (int turn = 0; turn < 32; turn++) {
    wanted = xorshift32(wanted);
    u32 key = wanted % 82000, low = 0, high = N;
    ROLLED while (low < high) {
      u32 middle = (low + high) / 2;
      if (numbers[middle] < key) low = middle + 1;
      else high = middle;
    }
    found = found * 7 + low;
  }
  return found;
}

/* 32 binary searches in 128 ascending numbers. */
#include "program.h"

#define N 128

PROGRAM(search, 512) {
  u32 *numbers = (u32 *)mem;
  ROLLED for (u32 i = 0; i < N; i++) numbers[i] = i * i * 5 + i;
  u64 found = 0;
  u32 wanted = 12345;
  ROLLED for (int turn = 0; turn < 32; turn++) {
    wanted = xorshift32(wanted);
    u32 key = wanted % 82000, low = 0;
    ROLLED for (u32 half = N / 2; half > 0; half /= 2) {
      if (numbers[low + half - 1] < key) low += half;
    }
    low += numbers[low] < key;
    found = found * 7 + low;
  }
  return found;
}

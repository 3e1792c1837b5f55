/* An 8 x 8 product of 32-bit numbers: two factors in memory, the product behind them. */
#include "program.h"

#define N 8

PROGRAM(matmul, 768) {
  u32 *a = (u32 *)mem, *b = a + N * N, *product = b + N * N;
  u64 trace = 0;
  ROLLED for (u32 row = 0; row < N; row++) {
    ROLLED for (u32 column = 0; column < N; column++) {
      u32 sum = 0;
      ROLLED for (u32 i = 0; i < N; i++) sum += a[row * N + i] * b[i * N + column];
      product[row * N + column] = sum;
      trace = trace * 31 + sum;
    }
  }
  return trace;
}

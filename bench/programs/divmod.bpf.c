/* Divisions and remainders by what is only known when they run, zero among it. */
#include "program.h"

PROGRAM(divmod, 512) {
  u64 sum = 0;
  u32 words = len / 8;
  u64 *numbers = (u64 *)mem;
  ROLLED for (int turn = 0; turn < 4; turn++) {
    ROLLED for (u32 i = 1; i < words; i++) {
      u64 dividend = numbers[i];
      u64 divisor = numbers[i - 1] >> 40;
      u32 narrow = (u32)numbers[i - 1] >> 20;
      if (divisor) sum += dividend / divisor ^ dividend % divisor;
      if (narrow) sum += (u32)dividend / narrow + (u32)dividend % narrow;
    }
  }
  return sum;
}

/* Copies through the stack and back, a word at a time. */
#include "program.h"

PROGRAM(copy, 256) {
  volatile u64 stack[32];
  u64 *words = (u64 *)mem;
  u64 sum = 0;
  ROLLED for (int turn = 0; turn < 8; turn++) {
    ROLLED for (int i = 0; i < 32; i++) stack[i] = words[i] + turn;
    ROLLED for (int i = 0; i < 32; i++) words[31 - i] = stack[i];
    sum += words[turn];
  }
  return sum;
}

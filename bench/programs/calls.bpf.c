/* 150 calls of a small subprogram. */
#include "program.h"

SUBPROGRAM u64 step(u64 state, u64 value) {
  state = (state ^ value) * 0x9e3779b97f4a7c15ull;
  return state ^ (state >> 29);
}

PROGRAM(calls, 64) {
  u64 state = len;
  ROLLED for (u64 i = 0; i < 150; i++) state = step(state, i);
  return state;
}

/* An interpreter within: 8 operations chosen by a switch, over 4 registers. */
#include "program.h"

PROGRAM(minivm, 64) {
  u32 a = 1, b = 2, c = 3, d = 4;
  ROLLED for (u32 i = 0; i < 800; i++) {
    u32 operand = mem[i & 63];
    switch (operand & 7) {
      case 0: a += operand; break;
      case 1: b ^= a << 3; break;
      case 2: c = c * 33 + b; break;
      case 3: d -= c; break;
      case 4: a = rotate32(a, 7) ^ d; break;
      case 5: b += d >> 5; break;
      case 6: c ^= operand << 8; break;
      default: d = a + b + c; break;
    }
  }
  return (u64)(a ^ b) << 32 | (c ^ d);
}

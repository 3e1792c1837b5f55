/* The Toeplitz hash that network cards spread flows by: 40 bytes of key, then the addresses and ports. */
#include "program.h"

#define KEY 40

PROGRAM(toeplitz, 76) {
  u32 hash = 0;
  u32 window = be32_at(mem);
  ROLLED for (u32 i = 0; i < 36; i++) {
    u32 byte = mem[KEY + i];
    u32 next = mem[i + 4];
    ROLLED for (int bit = 7; bit >= 0; bit--) {
      if (byte >> bit & 1) hash ^= window;
      window = window << 1 | (next >> bit & 1);
    }
  }
  return hash;
}

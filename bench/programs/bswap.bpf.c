/* Turns every 64-bit word of the memory round. */
#include "program.h"

PROGRAM(bswap, 512) {
  u64 *words = (u64 *)mem;
  u64 folded = 0;
  ROLLED for (u64 i = 0; i < len / 8; i++) {
    u64 word = __builtin_bswap64(words[i]);
    words[i] = word;
    folded ^= word + __builtin_bswap32((u32)word) + __builtin_bswap16((u16)word);
  }
  return folded;
}

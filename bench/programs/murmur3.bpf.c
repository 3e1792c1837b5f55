/* MurmurHash3, x86, 32 bits: 32-bit multiplications and rotations. */
#include "program.h"

INLINE u32 scramble(u32 word) { return rotate32(word * 0xcc9e2d51, 15) * 0x1b873593; }

INLINE u32 finish(u32 hash) {
  hash ^= hash >> 16;
  hash *= 0x85ebca6b;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35;
  return hash ^ (hash >> 16);
}

PROGRAM(murmur3, 1500) {
  u32 hash = 0x9747b28c;
  u64 i = 0;
  ROLLED for (; i + 4 <= len; i += 4) {
    hash ^= scramble(*(u32 *)(mem + i));
    hash = rotate32(hash, 13) * 5 + 0xe6546b64;
  }
  u32 tail = 0;
  ROLLED for (u64 end = len; end > i; end--) tail = tail << 8 | mem[end - 1];
  hash ^= scramble(tail);
  return finish(hash ^ (u32)len);
}

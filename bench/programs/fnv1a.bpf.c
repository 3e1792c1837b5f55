/* FNV-1a, 64 bits: a load and a multiplication a byte. */
#include "program.h"

PROGRAM(fnv1a, 1500) {
  u64 hash = 0xcbf29ce484222325ull;
  ROLLED for (u64 i = 0; i < len; i++) {
    hash ^= mem[i];
    hash *= 0x100000001b3ull;
  }
  return hash;
}

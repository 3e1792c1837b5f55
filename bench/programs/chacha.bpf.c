/* One ChaCha20 block (RFC 8439, 2.3): key and nonce from memory, the 64 bytes of key stream back to it. */
#include "program.h"

#define QUARTER(a, b, c, d)                  \
  a += b, d = rotate32(d ^ a, 16), c += d,   \
  b = rotate32(b ^ c, 12), a += b,           \
  d = rotate32(d ^ a, 8), c += d, b = rotate32(b ^ c, 7)

PROGRAM(chacha, 64) {
  u32 *words = (u32 *)mem;
  u32 x[16], start[16];
  start[0] = 0x61707865, start[1] = 0x3320646e, start[2] = 0x79622d32, start[3] = 0x6b206574;
  ROLLED for (int i = 4; i < 16; i++) start[i] = words[i - 4];
  ROLLED for (int i = 0; i < 16; i++) x[i] = start[i];
  ROLLED for (int round = 0; round < 10; round++) {
    QUARTER(x[0], x[4], x[8], x[12]);
    QUARTER(x[1], x[5], x[9], x[13]);
    QUARTER(x[2], x[6], x[10], x[14]);
    QUARTER(x[3], x[7], x[11], x[15]);
    QUARTER(x[0], x[5], x[10], x[15]);
    QUARTER(x[1], x[6], x[11], x[12]);
    QUARTER(x[2], x[7], x[8], x[13]);
    QUARTER(x[3], x[4], x[9], x[14]);
  }
  ROLLED for (int i = 0; i < 16; i++) words[i] = x[i] + start[i];
  return words[0] ^ ((u64)words[15] << 32);
}

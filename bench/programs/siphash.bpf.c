/* SipHash-2-4 (Aumasson and Bernstein): 64-bit additions and rotations. */
#include "program.h"

struct state {
  u64 a, b, c, d;
};

INLINE void mix(struct state *s) {
  s->a += s->b;
  s->b = rotate64(s->b, 13) ^ s->a;
  s->a = rotate64(s->a, 32);
  s->c += s->d;
  s->d = rotate64(s->d, 16) ^ s->c;
  s->a += s->d;
  s->d = rotate64(s->d, 21) ^ s->a;
  s->c += s->b;
  s->b = rotate64(s->b, 17) ^ s->c;
  s->c = rotate64(s->c, 32);
}

INLINE void absorb(struct state *s, u64 word) {
  s->d ^= word;
  mix(s);
  mix(s);
  s->a ^= word;
}

PROGRAM(siphash, 256) {
  const u64 key0 = 0x0706050403020100ull, key1 = 0x0f0e0d0c0b0a0908ull;
  struct state s = {key0 ^ 0x736f6d6570736575ull, key1 ^ 0x646f72616e646f6dull,
                    key0 ^ 0x6c7967656e657261ull, key1 ^ 0x7465646279746573ull};
  u64 i = 0;
  ROLLED for (; i + 8 <= len; i += 8) absorb(&s, *(u64 *)(mem + i));
  u64 tail = len << 56;
  ROLLED for (u32 shift = 0; i < len; i++, shift += 8) tail |= (u64)mem[i] << shift;
  absorb(&s, tail);
  s.c ^= 0xff;
  ROLLED for (int round = 0; round < 4; round++) mix(&s);
  return s.a ^ s.b ^ s.c ^ s.d;
}

/* The Internet checksum (RFC 1071), 16 bits at a time. */
#include "program.h"

PROGRAM(checksum, 1500) {
  u64 sum = 0;
  u64 i = 0;
  ROLLED for (; i + 2 <= len; i += 2) sum += *(u16 *)(mem + i);
  if (i < len) sum += mem[i];
  ROLLED while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (u16)~sum;
}

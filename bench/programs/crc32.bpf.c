/* CRC-32 (IEEE 802.3), a bit at a time: a hard-to-guess choice each. */
#include "program.h"

PROGRAM(crc32, 128) {
  u32 crc = ~0u;
  ROLLED for (u64 i = 0; i < len; i++) {
    crc ^= mem[i];
    ROLLED for (int bit = 0; bit < 8; bit++) {
      u32 low = crc & 1;
      crc >>= 1;
      if (low) crc ^= 0xedb88320;
    }
  }
  return ~crc;
}

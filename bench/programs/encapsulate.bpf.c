/* Wraps the packet of 118 bytes at byte 64 in IPv4, UDP and a VXLAN header before it, with the header checksum. */
#include "program.h"

#define ROOM 64
#define OUTER 50 /* Ethernet, IPv4, UDP, VXLAN */
#define INNER 118

INLINE void put16(u8 *at, u32 value) { at[0] = value >> 8, at[1] = value; }
INLINE void put32(u8 *at, u32 value) { put16(at, value >> 16), put16(at + 2, value); }

INLINE void put_ipv4(u8 *ip, u32 length) {
  put16(ip, 0x4500), put16(ip + 2, length);
  put32(ip + 4, 0x00004000), put32(ip + 8, 0x40110000);
  put32(ip + 12, 0x0a0a0001), put32(ip + 16, 0x0a0a0002);
  u32 sum = 0;
  ROLLED for (int i = 0; i < 20; i += 2) sum += be16_at(ip + i);
  sum = (sum & 0xffff) + (sum >> 16);
  put16(ip + 10, (u16)~(sum + (sum >> 16)));
}

PROGRAM(encapsulate, ROOM + INNER) {
  u8 *outer = mem + ROOM - OUTER;
  u32 inner = len - ROOM;
  u32 hash = be32_at(mem + ROOM + 26) ^ be32_at(mem + ROOM + 30) ^ be32_at(mem + ROOM + 34);
  hash = (hash ^ hash >> 16) * 0x45d9f3b;
  put32(outer, 0x02000000), put16(outer + 4, 2), put32(outer + 6, 0x02000000), put16(outer + 10, 1);
  put16(outer + 12, 0x0800);
  put_ipv4(outer + 14, inner + OUTER - 14);
  put16(outer + 34, 49152 + (hash & 0x3fff)), put16(outer + 36, 4789);
  put16(outer + 38, inner + OUTER - 34), put16(outer + 40, 0);
  put32(outer + 42, 0x08000000), put32(outer + 46, 4242 << 8);
  return (u64)be32_at(outer + 22) << 32 | be32_at(outer + 34);
}

/*
 * Times a benchmark program compiled for this machine (serve.h says how it is asked).
 * Compiled with -DSOURCE='"NAME.bpf.c"' -DPROGRAM_NAME=NAME.   native-run PACKET_FILE
 */
#include SOURCE

#include "serve.h"

int main(int argc, char **argv) {
  static u8 packet[MOST_BYTES];
  unsigned long count;
  if (argc != 2) return 2;
  size_t length = read_packet(argv[1], packet);
  struct xdp_md ctx = {(unsigned long)packet, (unsigned long)packet + length};
  while (scanf("%lu", &count) == 1) {
    u64 r0 = 0, start = cpu_ns();
    for (unsigned long i = 0; i < count; i++) r0 = PROGRAM_NAME(&ctx);
    answer(cpu_ns() - start, r0, packet, length);
  }
}

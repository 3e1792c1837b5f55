/*
 * What the timed programs have in common: they are told on standard input how many runs to make, a count a line, and
 * answer each with "NS R0 HASH": CPU time of all the runs, r0 of the last one, FNV-1a of the packet as it left it.
 */
#ifndef WEBPF_BENCH_SERVE_H
#define WEBPF_BENCH_SERVE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST_BYTES (1 << 16)

static unsigned long long cpu_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static size_t read_packet(const char *path, unsigned char *packet) {
  FILE *file = fopen(path, "rb");
  size_t length = file ? fread(packet, 1, MOST_BYTES, file) : 0;
  if (file) fclose(file);
  if (length > 0) return length;
  fprintf(stderr, "cannot read a packet from %s\n", path);
  exit(2);
}

static void answer(unsigned long long ns, unsigned long long r0, const unsigned char *packet, size_t length) {
  unsigned long long hash = 0xcbf29ce484222325ull;
  for (size_t i = 0; i < length; i++) hash = (hash ^ packet[i]) * 0x100000001b3ull;
  printf("%llu %llu %016llx\n", ns, r0, hash);
  fflush(stdout);
}

#endif

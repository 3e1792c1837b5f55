/*
 * How the running kernel prints instructions: for each line of standard input, the hex of a program's bytes, loads
 * it as a socket filter with a full verifier log and prints the log's text of the first instruction ("(b7) r0 = 1"),
 * or "-" when the kernel refused the program before it came to print it. Nothing is attached or kept.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_BYTES 4096

static char line[2 * MAX_BYTES + 2];
static unsigned char code[MAX_BYTES];
static char log_text[1 << 16];

static size_t parse_hex(const char *text) {
  size_t length = 0;
  unsigned byte;
  for (; length < MAX_BYTES && sscanf(text, "%2x", &byte) == 1; text += 2) code[length++] = (unsigned char)byte;
  return length;
}

static void load(size_t length) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  log_text[0] = 0;
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = (uintptr_t)code;
  attr.insn_cnt = (uint32_t)(length / 8);
  attr.license = (uintptr_t)"GPL";
  attr.log_buf = (uintptr_t)log_text;
  attr.log_size = sizeof(log_text);
  attr.log_level = 2;
  long fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
  if (fd >= 0) close((int)fd);
}

static void print_first(void) {
  char *start = strstr(log_text, "0: (");
  if (start == NULL || (start != log_text && start[-1] != '\n')) {
    puts("-");
    return;
  }
  start += 3;
  start[strcspn(start, "\n;")] = 0;
  size_t end = strlen(start);
  while (end > 0 && start[end - 1] == ' ') start[--end] = 0;
  puts(start);
}

int main(void) {
  while (fgets(line, sizeof(line), stdin) != NULL) {
    load(parse_hex(line));
    print_first();
  }
  return 0;
}

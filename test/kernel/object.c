/*
 * Loads one program of an object file into the running kernel with libbpf, runs it once over what it is given, and prints
 * one line of JSON: {"retval":N,"data":"HEX","bss":"HEX"}, or {"error":"..."}. Nothing is attached or pinned.
 *
 *   object FILE PROGRAM data|ctx HEX
 *
 * data: the packet of a program on packets; ctx: the context of a SYSCALL program. bss: the object's map .bss after it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1 << 16)

static char log_text[1 << 16];

static int keep_log(enum libbpf_print_level level, const char *format, va_list args) {
  (void)level;
  size_t length = strlen(log_text);
  if (length < sizeof log_text - 1) vsnprintf(log_text + length, sizeof log_text - length, format, args);
  return 0;
}

static int fail(const char *what) {
  printf("{\"error\":\"%s: ", what);
  const char *tail = strlen(log_text) > 3000 ? log_text + strlen(log_text) - 3000 : log_text;
  for (; *tail != 0; tail++) {
    if (*tail == '"' || *tail == '\\') printf("\\%c", *tail);
    else if ((unsigned char)*tail < ' ') fputs("\\n", stdout);
    else putchar(*tail);
  }
  puts("\"}");
  return 0;
}

static void print_hex(const char *name, const unsigned char *bytes, size_t length) {
  printf(",\"%s\":\"", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  putchar('"');
}

static size_t parse_hex(const char *text, unsigned char *out) {
  size_t length = strlen(text) / 2;
  for (size_t i = 0; i < length && i < MAX_BYTES; i++) {
    unsigned byte = 0;
    sscanf(text + 2 * i, "%2x", &byte);
    out[i] = (unsigned char)byte;
  }
  return length;
}

static void print_bss(struct bpf_object *object) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    const char *name = bpf_map__name(map);
    size_t length = strlen(name);
    if (length < 4 || strcmp(name + length - 4, ".bss") != 0) continue;
    size_t size = bpf_map__value_size(map);
    unsigned char *value = malloc(size);
    int key = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(map), &key, value) == 0) print_hex("bss", value, size);
    free(value);
  }
}

int main(int count, char **words) {
  static unsigned char in[MAX_BYTES], out[MAX_BYTES];
  LIBBPF_OPTS(bpf_test_run_opts, options);
  struct bpf_program *program, *wanted;
  if (count < 5) return 2;
  libbpf_set_print(keep_log);
  struct bpf_object *object = bpf_object__open(words[1]);
  if (object == NULL) return fail("open");
  wanted = bpf_object__find_program_by_name(object, words[2]);
  if (wanted == NULL) return fail("no such program");
  bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, program == wanted);
  if (bpf_object__load(object) != 0) return fail("load");
  size_t length = parse_hex(words[4], in);
  if (strcmp(words[3], "ctx") == 0) {
    options.ctx_in = in;
    options.ctx_size_in = length;
  } else {
    options.data_in = in;
    options.data_size_in = length;
    options.data_out = out;
    options.data_size_out = sizeof out;
  }
  if (bpf_prog_test_run_opts(bpf_program__fd(wanted), &options) != 0) return fail(strerror(errno));
  printf("{\"retval\":%u", options.retval);
  print_hex("data", out, options.data_size_out);
  print_bss(object);
  puts("}");
  return 0;
}

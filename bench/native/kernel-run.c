/*
 * Times a program in the running Linux kernel, by BPF_PROG_TEST_RUN (serve.h says how it is asked). Loads, makes maps
 * and test-runs; nothing is ever attached.   kernel-run OBJECT PROGRAM PACKET_FILE
 *
 * Exits with 1 and the reason on standard error where the program cannot be loaded or run.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "serve.h"

#define MOST_RINGS 8
/* So that a ring of 16 MiB holds what the runs of one call put into it, up to 1 KiB each. */
#define RUNS_PER_CALL_WITH_RINGS 16384

struct ring {
  unsigned long *consumer;
  const unsigned long *producer;
};

static struct ring rings[MOST_RINGS];
static int ring_count;
static char last_warning[512];

static int keep_warning(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level == LIBBPF_WARN && last_warning[0] == 0) vsnprintf(last_warning, sizeof last_warning, format, arguments);
  return 0;
}

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, last_warning[0] ? last_warning : strerror(errno));
  exit(1);
}

/* Rings are read by nobody: instead, their readers' position is moved. */
static void map_rings(struct bpf_object *object) {
  struct bpf_map *map;
  size_t page = sysconf(_SC_PAGESIZE);
  bpf_object__for_each_map(map, object) {
    if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF || ring_count == MOST_RINGS) continue;
    int fd = bpf_map__fd(map);
    void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void *producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, page);
    if (consumer == MAP_FAILED || producer == MAP_FAILED) fail("cannot map a ring");
    rings[ring_count++] = (struct ring){consumer, producer};
  }
}

static void empty_rings(void) {
  for (int i = 0; i < ring_count; i++)
    __atomic_store_n(rings[i].consumer, __atomic_load_n(rings[i].producer, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

/* Of several programs, the others are not even loaded. */
static int load(const char *path, const char *name) {
  LIBBPF_OPTS(bpf_object_open_opts, opts, .relaxed_maps = true);
  struct bpf_object *object = bpf_object__open_file(path, &opts);
  struct bpf_program *program;
  struct bpf_map *map;
  if (!object) fail("cannot open the object");
  bpf_object__for_each_program(program, object)
      bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
  bpf_object__for_each_map(map, object) bpf_map__set_pin_path(map, NULL);
  program = bpf_object__find_program_by_name(object, name);
  if (!program) fail("no such program");
  if (bpf_object__load(object) != 0) fail("not loaded");
  map_rings(object);
  return bpf_program__fd(program);
}

int main(int argc, char **argv) {
  static unsigned char packet[MOST_BYTES], after[MOST_BYTES];
  unsigned long count;
  libbpf_set_print(keep_warning);
  if (argc != 4) return 2;
  size_t length = read_packet(argv[3], packet);
  int fd = load(argv[1], argv[2]);
  while (scanf("%lu", &count) == 1) {
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = length, .data_out = after);
    unsigned long long ns = 0;
    for (unsigned long left = count; left > 0; left -= opts.repeat) {
      opts.repeat = ring_count > 0 && left > RUNS_PER_CALL_WITH_RINGS ? RUNS_PER_CALL_WITH_RINGS : (int)left;
      opts.data_size_out = sizeof after;
      unsigned long long start = cpu_ns();
      if (bpf_prog_test_run_opts(fd, &opts) != 0) fail("not run");
      ns += cpu_ns() - start;
      empty_rings();
    }
    answer(ns, opts.retval, after, opts.data_size_out);
  }
}

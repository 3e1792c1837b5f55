/*
 * How long the running Linux kernel takes to load programs: each is loaded several times, and closed again. One line
 * of JSON a program. Only load (programs, BTF) and map commands; nothing is ever attached.
 *
 *   kernel-load [-n LOADS] [-p 'TYPE PROGRAM SECTION']... OBJECT...    objects, through libbpf
 *   kernel-load [-n LOADS] -l                                        linked programs, from standard input
 *
 * -n  loads to take the median of (default 5); one more is made for the verifier's own numbers
 * -p  this program (several: these programs) and not every one; TYPE as libbpf calls it (sched_cls), or - for the
 *     section's own
 * -l  for what libbpf cannot open: legacy map definitions, static entry points. A line a thing, in this order:
 *       inner TYPE KEY VALUE ENTRIES FLAGS                     template of the next map's inner maps
 *       map TYPE KEY VALUE ENTRIES FLAGS EXTRA FROZEN DATAHEX  a map of the next program; data of its first element
 *       load TYPE ATTACH FLAGS LICENSEHEX CODEHEX              a program whose lddw name its maps by index
 *     TYPE of a map is a number, of a program a name; ATTACH a name; - stands for nothing.
 *
 * Out: object, section, program (not with -l); errno (0: accepted); loadUs, the median, with log level 0; verifyUs,
 * insnsProcessed, totalStates by the verifier's statistics; error where it was not even tried.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MAX_LOADS 1000
#define MAX_WANTED 4096
#define MAX_MAPS 512
#define LOG_SIZE (1 << 20)
#define LOG_STATS 4
/* A hash map is allocated in advance; the verdict does not depend on how many entries it has room for. */
#define MAX_HASH_BYTES (1ul << 20)
#define FEWER_ENTRIES 1024

struct program {
  enum bpf_prog_type type;
  const char *name;
  const char *license;
  const struct bpf_insn *insns;
  size_t count;
};

struct wanted {
  char type[32], name[128], section[256];
};

static int loads = 5;
static struct wanted wanted[MAX_WANTED];
static int wanted_count;
static char log_text[LOG_SIZE];
static char last_warning[512];

static void print_string(const char *name, const char *text) {
  printf("\"%s\":\"", name);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 32 || c > 126) printf("\\u%04x", c);
    else putchar(c);
  }
  putchar('"');
}

static int keep_warning(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  vsnprintf(last_warning, sizeof last_warning, format, arguments);
  last_warning[strcspn(last_warning, "\n")] = 0;
  return 0;
}

/* ---- one program: timed loads, then the verifier's statistics ---- */

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* 0, or the error number. */
static int load_once(const struct program *program, struct bpf_prog_load_opts *opts) {
  int fd = bpf_prog_load(program->type, program->name, program->license, program->insns, program->count, opts);
  if (fd < 0) return -fd;
  close(fd);
  return 0;
}

static int time_loads(const struct program *program, struct bpf_prog_load_opts *opts, double *median) {
  static double samples[MAX_LOADS];
  int error = 0;
  opts->log_level = 0;
  opts->log_buf = NULL;
  opts->log_size = 0;
  for (int i = 0; i < loads; i++) {
    double start = now_us();
    error = load_once(program, opts);
    samples[i] = now_us() - start;
  }
  qsort(samples, loads, sizeof *samples, by_size);
  *median = samples[loads / 2];
  return error;
}

static void print_statistic(const char *name, const char *before) {
  const char *at = strstr(log_text, before);
  if (at) printf(",\"%s\":%lu", name, strtoul(at + strlen(before), NULL, 10));
}

/* Prints the numbers, without the braces. */
static void measure(const struct program *program, struct bpf_prog_load_opts *opts) {
  double median;
  int error = time_loads(program, opts, &median);
  printf("\"errno\":%d,\"loadUs\":%.1f,\"insns\":%zu", error, median, program->count);
  log_text[0] = 0;
  opts->log_level = LOG_STATS;
  opts->log_buf = log_text;
  opts->log_size = sizeof log_text;
  load_once(program, opts);
  print_statistic("verifyUs", "verification time ");
  print_statistic("insnsProcessed", "processed ");
  print_statistic("totalStates", "total_states ");
}

static enum bpf_prog_type type_by_name(const char *name) {
  const char *known;
  for (int type = 1; (known = libbpf_bpf_prog_type_str(type)); type++)
    if (strcmp(known, name) == 0) return type;
  return BPF_PROG_TYPE_UNSPEC;
}

static enum bpf_attach_type attach_by_name(const char *name) {
  const char *known;
  for (int type = 0; (known = libbpf_bpf_attach_type_str(type)); type++)
    if (strcmp(known, name) == 0) return type;
  return 0;
}

/* What libbpf's sections imply beside the type. */
static enum bpf_attach_type implied_attach(enum bpf_prog_type type) {
  switch (type) {
    case BPF_PROG_TYPE_XDP: return BPF_XDP;
    case BPF_PROG_TYPE_SOCK_OPS: return BPF_CGROUP_SOCK_OPS;
    case BPF_PROG_TYPE_CGROUP_DEVICE: return BPF_CGROUP_DEVICE;
    case BPF_PROG_TYPE_SK_LOOKUP: return BPF_SK_LOOKUP;
    case BPF_PROG_TYPE_FLOW_DISSECTOR: return BPF_FLOW_DISSECTOR;
    default: return 0;
  }
}

/* ---- maps ---- */

static bool is_hash(enum bpf_map_type type) {
  return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_PERCPU_HASH ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_nested(enum bpf_map_type type) {
  return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* No entries: of a perf event array one a CPU, which libbpf sees to; of a ring a page; else what user space sets. */
static unsigned entries_for(enum bpf_map_type type, unsigned key, unsigned value, unsigned entries) {
  if (entries == 0 && type == BPF_MAP_TYPE_RINGBUF) return 4096;
  if (entries == 0) return 1;
  if (is_hash(type) && (unsigned long)entries * (key + value) > MAX_HASH_BYTES) return FEWER_ENTRIES;
  return entries;
}

/* Old objects give sizes to maps for which the kernel insists on its own. */
static bool fixed_sizes(enum bpf_map_type type, unsigned *size) {
  *size = type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ? 4 : 0;
  return type == BPF_MAP_TYPE_PERF_EVENT_ARRAY || type == BPF_MAP_TYPE_RINGBUF;
}

static int placeholder_inner(void) { return bpf_map_create(BPF_MAP_TYPE_ARRAY, "inner", 4, 8, 1, NULL); }

static bool keeps_no_entries(enum bpf_map_type type) {
  return type == BPF_MAP_TYPE_PERF_EVENT_ARRAY || type == BPF_MAP_TYPE_SK_STORAGE ||
         type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
         type == BPF_MAP_TYPE_CGROUP_STORAGE || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static void prepare_maps(struct bpf_object *object) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    enum bpf_map_type type = bpf_map__type(map);
    bpf_map__set_pin_path(map, NULL);
    unsigned size;
    if (fixed_sizes(type, &size)) {
      bpf_map__set_key_size(map, size);
      bpf_map__set_value_size(map, size);
    }
    if (!keeps_no_entries(type)) {
      unsigned entries =
          entries_for(type, bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map));
      bpf_map__set_max_entries(map, entries);
    }
    if (is_nested(type) && !bpf_map__inner_map(map)) bpf_map__set_inner_map_fd(map, placeholder_inner());
  }
}

/* ---- objects, through libbpf ---- */

/* libbpf does not tell the license of an object. */
static const char *license_of(const char *path) {
  static char license[128];
  size_t names;
  int fd = open(path, O_RDONLY);
  Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
  license[0] = 0;
  if (elf && elf_getshdrstrndx(elf, &names) == 0) {
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
      GElf_Shdr header;
      const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
      Elf_Data *data = name && strcmp(name, "license") == 0 ? elf_getdata(section, NULL) : NULL;
      if (data && data->d_buf) snprintf(license, sizeof license, "%.*s", (int)data->d_size, (char *)data->d_buf);
    }
  }
  elf_end(elf);
  close(fd);
  return license;
}

struct measured {
  const char *license;
  bool done;
};

/* What libbpf's own handlers see to, which ours replaces. */
static bool is_sleepable(const char *section, enum bpf_prog_type type) {
  size_t length = strlen(section);
  if (type == BPF_PROG_TYPE_SYSCALL || strstr(section, ".s/")) return true;
  return length > 2 && strcmp(section + length - 2, ".s") == 0;
}

/* Called by libbpf when the program is relocated and the options of its load are filled in: the load is ours. */
static int on_prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie) {
  struct measured *measured = (struct measured *)cookie;
  const char *section = bpf_program__section_name(prog);
  struct program program = {bpf_program__type(prog), bpf_program__name(prog), measured->license,
                            bpf_program__insns(prog), bpf_program__insn_cnt(prog)};
  if (is_sleepable(section, program.type)) opts->prog_flags |= BPF_F_SLEEPABLE;
  if (strncmp(section, "xdp.frags", 9) == 0) opts->prog_flags |= BPF_F_XDP_HAS_FRAGS;
  measure(&program, opts);
  measured->done = true;
  return -ECANCELED; /* the object itself need not be loaded */
}

static struct bpf_object *open_object(const char *path) {
  LIBBPF_OPTS(bpf_object_open_opts, opts, .relaxed_maps = true);
  last_warning[0] = 0;
  return bpf_object__open_file(path, &opts);
}

static struct bpf_program *find(struct bpf_object *object, const char *section, const char *name) {
  struct bpf_program *program, *found = NULL;
  bpf_object__for_each_program(program, object) {
    bool same = strcmp(bpf_program__name(program), name) == 0 &&
                strcmp(bpf_program__section_name(program), section) == 0;
    bpf_program__set_autoload(program, same);
    if (same) found = program;
  }
  return found;
}

static void target(struct bpf_program *program, const char *section) {
  enum bpf_prog_type type = bpf_program__type(program);
  const char *name = strchr(section, '/');
  if (name && (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM))
    bpf_program__set_attach_target(program, 0, name + 1);
}

static void print_error(int error) {
  printf("\"errno\":%d,", error);
  print_string("error", last_warning[0] ? last_warning : strerror(error));
}

/* A fresh object each time, so that what fails for one program concerns no other. */
static void measure_program(const char *path, const struct wanted *want, enum bpf_prog_type type,
                            enum bpf_attach_type attach, const char *license) {
  struct measured measured = {license, false};
  LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .cookie = (long)&measured, .prog_prepare_load_fn = on_prepare);
  int id = libbpf_register_prog_handler(want->section, type, attach, &handler);
  struct bpf_object *object = open_object(path);
  struct bpf_program *program = object ? find(object, want->section, want->name) : NULL;
  int error = object ? ENOENT : errno;
  if (program) {
    target(program, want->section);
    prepare_maps(object);
    error = -bpf_object__load(object);
  }
  if (!measured.done) print_error(error);
  bpf_object__close(object);
  libbpf_unregister_prog_handler(id);
}

static int never_used(struct bpf_program *program, struct bpf_prog_load_opts *opts, long cookie) {
  (void)program, (void)opts, (void)cookie;
  return -ECANCELED;
}

/* libbpf before 1.3 frees its table of handlers twice when the last one is unregistered: this one stays. */
static void keep_a_handler(void) {
  LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = never_used);
  libbpf_register_prog_handler("kernel-load/none", BPF_PROG_TYPE_UNSPEC, 0, &handler);
}

static const struct wanted *is_wanted(const struct bpf_program *program) {
  for (int i = 0; i < wanted_count; i++)
    if (strcmp(wanted[i].name, bpf_program__name(program)) == 0 &&
        strcmp(wanted[i].section, bpf_program__section_name(program)) == 0)
      return &wanted[i];
  return NULL;
}

static void measure_listed(const char *path, const struct bpf_program *program, const char *license) {
  const struct wanted *want = is_wanted(program);
  enum bpf_prog_type type = bpf_program__type(program);
  enum bpf_attach_type attach = bpf_program__expected_attach_type(program);
  struct wanted self = {"-", "", ""};
  if (wanted_count > 0 && !want) return;
  if (want && strcmp(want->type, "-") != 0 && type_by_name(want->type) != type) {
    type = type_by_name(want->type);
    attach = implied_attach(type);
  }
  snprintf(self.name, sizeof self.name, "%s", bpf_program__name(program));
  snprintf(self.section, sizeof self.section, "%s", bpf_program__section_name(program));
  putchar('{');
  print_string("object", path);
  putchar(',');
  print_string("section", self.section);
  putchar(',');
  print_string("program", self.name);
  putchar(',');
  if (type != BPF_PROG_TYPE_UNSPEC) measure_program(path, &self, type, attach, license);
  else printf("\"errno\":%d,\"error\":\"its section names no program type: give it with -p\"", EINVAL);
  puts("}");
}

static void measure_object(const char *path) {
  struct bpf_object *object = open_object(path);
  struct bpf_program *program;
  if (!object) {
    putchar('{');
    print_string("object", path);
    putchar(',');
    print_error(errno);
    puts("}");
    return;
  }
  char *license = strdup(license_of(path));
  bpf_object__for_each_program(program, object) measure_listed(path, program, license);
  free(license);
  bpf_object__close(object);
}

/* ---- linked programs, from standard input ---- */

static int map_fds[MAX_MAPS];
static int map_count, inner_fd = -1;

static size_t bytes_of(const char *hex, unsigned char **bytes) {
  size_t length = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
  *bytes = calloc(1, length + 1);
  for (size_t i = 0; i < length; i++) {
    unsigned byte;
    sscanf(hex + 2 * i, "%2x", &byte);
    (*bytes)[i] = (unsigned char)byte;
  }
  return length;
}

static void close_maps(void) {
  for (int i = 0; i < map_count; i++) close(map_fds[i]);
  if (inner_fd >= 0) close(inner_fd);
  map_count = 0;
  inner_fd = -1;
}

static void make_inner(const char *line) {
  unsigned type, key, value, entries, flags;
  if (sscanf(line, "inner %u %u %u %u %u", &type, &key, &value, &entries, &flags) != 5) return;
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
  inner_fd = bpf_map_create(type, "inner", key, value, entries_for(type, key, value, entries), &opts);
}

static void fill(int fd, const char *hex, bool frozen) {
  unsigned char *data;
  unsigned zero = 0;
  if (bytes_of(hex, &data) > 0) bpf_map_update_elem(fd, &zero, data, 0);
  if (frozen) bpf_map_freeze(fd);
  free(data);
}

static void make_map(const char *line) {
  unsigned type, key, value, entries, flags, frozen;
  unsigned long long extra;
  int at = 0;
  if (sscanf(line, "map %u %u %u %u %u %llu %u %n", &type, &key, &value, &entries, &flags, &extra, &frozen, &at) < 7)
    return;
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags, .map_extra = extra);
  unsigned size;
  if (fixed_sizes(type, &size)) key = value = size;
  if (is_nested(type)) opts.inner_map_fd = inner_fd = inner_fd >= 0 ? inner_fd : placeholder_inner();
  int fd = bpf_map_create(type, "map", key, value, entries_for(type, key, value, entries), &opts);
  if (fd < 0) snprintf(last_warning, sizeof last_warning, "map %d (type %u): %s", map_count, type, strerror(-fd));
  else fill(fd, line + at, frozen);
  if (map_count < MAX_MAPS) map_fds[map_count++] = fd;
  if (inner_fd >= 0) close(inner_fd);
  inner_fd = -1;
}

static void load_linked(char *line) {
  char *save, *words[6];
  strtok_r(line, " ", &save);
  for (int i = 1; i < 6; i++)
    if (!(words[i] = strtok_r(NULL, " ", &save))) return;
  unsigned char *license, *code;
  bytes_of(words[4], &license);
  size_t length = bytes_of(words[5], &code);
  LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_by_name(words[2]),
              .prog_flags = strtoul(words[3], NULL, 10), .fd_array = map_fds);
  struct program program = {type_by_name(words[1]), "linked", (char *)license, (void *)code, length / 8};
  putchar('{');
  if (last_warning[0]) print_error(EINVAL);
  else measure(&program, &opts);
  puts("}");
  last_warning[0] = 0;
  free(license);
  free(code);
  close_maps();
}

static void measure_linked(void) {
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "inner ", 6) == 0) make_inner(line);
    else if (strncmp(line, "map ", 4) == 0) make_map(line);
    else if (strncmp(line, "load ", 5) == 0) load_linked(line);
    fflush(stdout);
  }
  free(line);
}

static bool want(const char *text) {
  if (wanted_count == MAX_WANTED) return false;
  struct wanted *next = &wanted[wanted_count];
  if (sscanf(text, "%31s %127s %255[^\n]", next->type, next->name, next->section) != 3) return false;
  wanted_count++;
  return true;
}

static int usage(void) {
  fprintf(stderr, "usage: kernel-load [-n LOADS] [-p 'TYPE PROGRAM SECTION']... OBJECT...\n"
                  "       kernel-load [-n LOADS] -l\n");
  return 2;
}

int main(int argc, char **argv) {
  bool linked = false;
  for (int option; (option = getopt(argc, argv, "n:p:l")) != -1;) {
    if (option == 'n') loads = atoi(optarg);
    else if (option == 'l') linked = true;
    else if (option != 'p' || !want(optarg)) return usage();
  }
  if (loads < 1 || loads > MAX_LOADS || linked == (optind < argc)) return usage();
  /* Kernels before 5.11 charge maps and programs to this limit. */
  struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited);
  elf_version(EV_CURRENT);
  libbpf_set_print(keep_warning);
  keep_a_handler();
  if (linked) measure_linked();
  for (int i = optind; i < argc; i++) {
    measure_object(argv[i]);
    fflush(stdout);
  }
  return 0;
}

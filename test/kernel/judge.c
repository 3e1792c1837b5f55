/*
 * Asks the running Linux kernel, through the bare bpf(2) system call: one command a line on standard input, one
 * line of JSON for each on standard output. Only load (programs, BTF), map and test-run commands; nothing is ever
 * attached.
 *
 *   map TYPE KEY VALUE ENTRIES FLAGS [INNER|-] [EXTRA] -> {"id":N}
 *   typed TYPE KEY VALUE ENTRIES FLAGS KEYTYPE VALUETYPE BTFHEX -> {"id":N}    map with BTF of key and value
 *   load TYPE HEX [BTFHEX FUNCINFOHEX]         -> {"id":N,"insns":N} | {"errno":E,"log":"..."}
 *   verify TYPE ATTACH FLAGS BTFID LICENSE LEVEL HEX [BTFHEX FUNCINFOHEX] -> {"errno":E or 0,"log":"..."}
 *   run PROG DATAHEX REPEAT                    -> {"retval":N,"data":"HEX"}
 *   lookup MAP KEYHEX | take MAP KEYHEX        -> {"value":"HEX"}
 *   update MAP KEYHEX VALUEHEX FLAGS           -> {"ok":1}
 *   slot MAP KEYHEX ID FLAGS                   -> {"ok":1}     value = fd of a map or program made here
 *   delete MAP KEYHEX                          -> {"ok":1}
 *   next MAP KEYHEX|-                          -> {"key":"HEX"}
 *   freeze MAP                                 -> {"ok":1}     the system call side may write no more
 *   weaken                                     -> {"ok":1}     gives up CAP_PERFMON for good: no uninitialised stack
 *   reset                                      -> {"ok":1}     closes everything
 *
 * Every refusal is {"errno":E}. `-` stands for no bytes. In `load`, an lddw with pseudo source 1 or 2 names a
 * map by the id this program gave it. `verify` keeps no program; ATTACH is the expected attach type, BTFID the id of
 * the attach target in the kernel's BTF, LICENSE one word with _ for blanks, LEVEL the log level, errno 0 an accepted
 * program, and its log is whole (up to 1 MiB). Per-CPU values are passed whole: VALUE rounded up to 8, times the CPUs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_OBJECTS 4096
#define MAX_BYTES (1 << 20)
#define LOG_SIZE (1 << 20)
#define LOG_TAIL 400

struct object {
  int fd;
  unsigned key_size, value_size;
};

static struct object objects[MAX_OBJECTS];
static int object_count;
static unsigned char first[MAX_BYTES], second[MAX_BYTES];
static char log_text[LOG_SIZE];

static long bpf(enum bpf_cmd command, union bpf_attr *attr) {
  return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static void refuse(int error) { printf("{\"errno\":%d}\n", error); }

static void reply(long result) {
  if (result < 0) refuse(errno);
  else puts("{\"ok\":1}");
}

static void print_hex(const char *name, const unsigned char *bytes, size_t length) {
  printf("\"%s\":\"", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  putchar('"');
}

/* Bytes of a hex text ("-" is none); -1 when it is not hex or too long. */
static long parse_hex(const char *text, unsigned char *out) {
  if (text == NULL || strcmp(text, "-") == 0) return 0;
  size_t digits = strlen(text);
  if (digits % 2 != 0 || digits / 2 > MAX_BYTES) return -1;
  for (size_t i = 0; i < digits / 2; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) return -1;
    out[i] = (unsigned char)byte;
  }
  return (long)(digits / 2);
}

static char *word(void) { return strtok(NULL, " \n"); }

static unsigned long number(void) {
  char *text = word();
  return text == NULL ? 0 : strtoul(text, NULL, 0);
}

static struct object *object(unsigned long id) {
  return id < (unsigned long)object_count ? &objects[id] : NULL;
}

static int cpus(void) {
  static int count;
  FILE *file;
  int from, to;
  if (count > 0) return count;
  count = 1;
  file = fopen("/sys/devices/system/cpu/possible", "r");
  if (file != NULL && fscanf(file, "%d-%d", &from, &to) == 2) count = to + 1;
  if (file != NULL) fclose(file);
  return count;
}

static int is_per_cpu(unsigned type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int keep(int fd, unsigned key_size, unsigned value_size) {
  objects[object_count] = (struct object){fd, key_size, value_size};
  return object_count++;
}

/* The words that both ways of making a map begin with. */
static union bpf_attr map_attributes(void) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_type = number();
  attr.key_size = number();
  attr.value_size = number();
  attr.max_entries = number();
  attr.map_flags = number();
  return attr;
}

static void command_map(void) {
  union bpf_attr attr = map_attributes();
  char *inner = word();
  if (inner != NULL && strcmp(inner, "-") != 0 && object(strtoul(inner, NULL, 0)) != NULL)
    attr.inner_map_fd = object(strtoul(inner, NULL, 0))->fd;
  attr.map_extra = number();
  if (object_count == MAX_OBJECTS) return refuse(ENFILE);
  long fd = bpf(BPF_MAP_CREATE, &attr);
  if (fd < 0) return refuse(errno);
  unsigned size = attr.value_size;
  if (is_per_cpu(attr.map_type)) size = (size + 7) / 8 * 8 * cpus();
  printf("{\"id\":%d}\n", keep(fd, attr.key_size, size));
}

/* Puts the fds of maps where the program names their ids; 0 when an id is unknown. */
static int relocate(struct bpf_insn *insns, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (insns[i].code != (BPF_LD | BPF_DW | BPF_IMM)) continue;
    if (insns[i].src_reg == BPF_PSEUDO_MAP_FD || insns[i].src_reg == BPF_PSEUDO_MAP_VALUE) {
      struct object *map = object((unsigned)insns[i].imm);
      if (map == NULL) return 0;
      insns[i].imm = map->fd;
    }
    i++;
  }
  return 1;
}

static void print_log(int error, size_t limit) {
  size_t length = strnlen(log_text, LOG_SIZE);
  const char *tail = length > limit ? log_text + length - limit : log_text;
  printf("{\"errno\":%d,\"log\":\"", error);
  for (; *tail != 0; tail++) {
    if (*tail == '"' || *tail == '\\') printf("\\%c", *tail);
    else if ((unsigned char)*tail < ' ') fputs("\\n", stdout);
    else putchar(*tail);
  }
  puts("\"}");
}

/*
 * fd of the BTF in `second`, whose length this is; -1 when the kernel refuses it. The kernel takes types of two BTFs for
 * different ones, so the same bytes are loaded once: a program and its maps may share their types.
 */
static long load_btf(long length) {
  static unsigned char last[MAX_BYTES];
  static long last_length;
  static int last_fd = -1;
  union bpf_attr attr;
  if (last_fd >= 0 && length == last_length && memcmp(last, second, length) == 0) return dup(last_fd);
  memset(&attr, 0, sizeof attr);
  attr.btf = (uintptr_t)second;
  attr.btf_size = length;
  long fd = bpf(BPF_BTF_LOAD, &attr);
  if (fd < 0) return fd;
  close(last_fd);
  memcpy(last, second, length);
  last_length = length;
  last_fd = (int)fd;
  return dup(last_fd);
}

/* A map whose key and value have types: local storage, and values that hold locks, timers or pointers. */
static void command_typed(void) {
  union bpf_attr attr = map_attributes();
  attr.btf_key_type_id = number();
  attr.btf_value_type_id = number();
  long btf_fd = load_btf(parse_hex(word(), second));
  if (btf_fd < 0 || object_count == MAX_OBJECTS) return refuse(EINVAL);
  attr.btf_fd = btf_fd;
  long fd = bpf(BPF_MAP_CREATE, &attr);
  int error = errno;
  close(btf_fd);
  if (fd < 0) return refuse(error);
  printf("{\"id\":%d}\n", keep(fd, attr.key_size, attr.value_size));
}

struct functions {
  long btf_fd;
  unsigned char info[64 * 8];
  unsigned count;
};

static long load(unsigned type, size_t count, unsigned level, struct functions *functions) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = type;
  attr.insns = (uintptr_t)first;
  attr.insn_cnt = count;
  attr.license = (uintptr_t) "GPL";
  if (functions->count > 0) {
    attr.prog_btf_fd = functions->btf_fd;
    attr.func_info_rec_size = 8;
    attr.func_info = (uintptr_t)functions->info;
    attr.func_info_cnt = functions->count;
  }
  if (level > 0) {
    attr.log_buf = (uintptr_t)log_text;
    attr.log_size = LOG_SIZE;
    attr.log_level = level;
  }
  return bpf(BPF_PROG_LOAD, &attr);
}

/* Reads BTF and function information from the command; 0 when they are wrong. */
static int read_functions(struct functions *functions) {
  char *btf = word(), *info = word();
  memset(functions, 0, sizeof *functions);
  if (btf == NULL) return 1;
  if (info == NULL || strlen(info) > 2 * sizeof functions->info) return 0;
  functions->count = parse_hex(info, functions->info) / 8;
  functions->btf_fd = load_btf(parse_hex(btf, second));
  return functions->btf_fd >= 0;
}

static void command_load(void) {
  struct functions functions;
  unsigned type = number();
  long length = parse_hex(word(), first);
  if (length < 8 || length % 8 != 0 || object_count == MAX_OBJECTS) return refuse(EINVAL);
  if (!relocate((struct bpf_insn *)first, length / 8)) return refuse(EBADF);
  if (!read_functions(&functions)) return refuse(EINVAL);
  long fd = load(type, length / 8, 0, &functions);
  if (fd < 0) {
    log_text[0] = 0;
    load(type, length / 8, 1, &functions);
    print_log(errno, LOG_TAIL);
  } else {
    printf("{\"id\":%d,\"insns\":%ld}\n", keep(fd, 0, 0), length / 8);
  }
  if (functions.count > 0) close(functions.btf_fd);
}

/* The verdict and the log of one load with every attribute that changes what the verifier allows. */
static void command_verify(void) {
  union bpf_attr attr;
  struct functions functions;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = number();
  attr.expected_attach_type = number();
  attr.prog_flags = number();
  attr.attach_btf_id = number();
  char *license = word();
  attr.log_level = number();
  long length = parse_hex(word(), first);
  if (license == NULL || length < 8 || length % 8 != 0) return refuse(EINVAL);
  if (!relocate((struct bpf_insn *)first, length / 8)) return refuse(EBADF);
  if (!read_functions(&functions)) return refuse(EINVAL);
  for (char *at = license; *at != 0; at++)
    if (*at == '_') *at = ' ';
  attr.insns = (uintptr_t)first;
  attr.insn_cnt = length / 8;
  attr.license = (uintptr_t)license;
  attr.log_buf = attr.log_level > 0 ? (uintptr_t)log_text : 0;
  attr.log_size = attr.log_level > 0 ? LOG_SIZE : 0;
  if (functions.count > 0) {
    attr.prog_btf_fd = functions.btf_fd;
    attr.func_info_rec_size = 8;
    attr.func_info = (uintptr_t)functions.info;
    attr.func_info_cnt = functions.count;
  }
  log_text[0] = 0;
  long fd = bpf(BPF_PROG_LOAD, &attr);
  print_log(fd < 0 ? errno : 0, LOG_SIZE);
  if (fd >= 0) close(fd);
  if (functions.count > 0) close(functions.btf_fd);
}

static void command_run(void) {
  union bpf_attr attr;
  struct object *program = object(number());
  long length = parse_hex(word(), first);
  if (program == NULL || length < 0) return refuse(EBADF);
  memset(&attr, 0, sizeof attr);
  attr.test.prog_fd = program->fd;
  attr.test.data_in = (uintptr_t)first;
  attr.test.data_size_in = length;
  attr.test.data_out = (uintptr_t)second;
  attr.test.data_size_out = MAX_BYTES;
  attr.test.repeat = number();
  if (bpf(BPF_PROG_TEST_RUN, &attr) < 0) return refuse(errno);
  printf("{\"retval\":%u,", attr.test.retval);
  print_hex("data", second, attr.test.data_size_out);
  puts("}");
}

/* The map named by the next word with its key in `first`; NULL after having refused. */
static struct object *map_and_key(union bpf_attr *attr) {
  struct object *map = object(number());
  char *key = word();
  memset(attr, 0, sizeof *attr);
  if (map == NULL || parse_hex(key, first) != (key != NULL && strcmp(key, "-") == 0 ? 0 : (long)map->key_size)) {
    refuse(EBADF);
    return NULL;
  }
  attr->map_fd = map->fd;
  if (key != NULL && strcmp(key, "-") != 0) attr->key = (uintptr_t)first;
  return map;
}

static void command_lookup(enum bpf_cmd command) {
  union bpf_attr attr;
  struct object *map = map_and_key(&attr);
  if (map == NULL) return;
  attr.value = (uintptr_t)second;
  if (bpf(command, &attr) < 0) return refuse(errno);
  putchar('{');
  print_hex("value", second, map->value_size);
  puts("}");
}

static void command_update(int is_slot) {
  union bpf_attr attr;
  struct object *map = map_and_key(&attr);
  if (map == NULL) return;
  if (is_slot) {
    struct object *target = object(number());
    if (target == NULL) return refuse(EBADF);
    memcpy(second, &target->fd, 4);
  } else if (parse_hex(word(), second) != (long)map->value_size) {
    return refuse(EBADF);
  }
  attr.value = (uintptr_t)second;
  attr.flags = number();
  reply(bpf(BPF_MAP_UPDATE_ELEM, &attr));
}

static void command_delete(void) {
  union bpf_attr attr;
  if (map_and_key(&attr) != NULL) reply(bpf(BPF_MAP_DELETE_ELEM, &attr));
}

static void command_next(void) {
  union bpf_attr attr;
  struct object *map = map_and_key(&attr);
  if (map == NULL) return;
  attr.next_key = (uintptr_t)second;
  if (bpf(BPF_MAP_GET_NEXT_KEY, &attr) < 0) return refuse(errno);
  putchar('{');
  print_hex("key", second, map->key_size);
  puts("}");
}

/* Keeps what loading network programs takes, CAP_BPF and CAP_NET_ADMIN, and no more. */
static void command_weaken(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  memset(data, 0, sizeof data);
  data[CAP_TO_INDEX(CAP_NET_ADMIN)].permitted |= CAP_TO_MASK(CAP_NET_ADMIN);
  data[CAP_TO_INDEX(CAP_BPF)].permitted |= CAP_TO_MASK(CAP_BPF);
  for (int i = 0; i < 2; i++) data[i].effective = data[i].permitted;
  reply(syscall(SYS_capset, &header, data));
}

static void command_freeze(void) {
  union bpf_attr attr;
  struct object *map = object(number());
  if (map == NULL) return refuse(EBADF);
  memset(&attr, 0, sizeof attr);
  attr.map_fd = map->fd;
  reply(bpf(BPF_MAP_FREEZE, &attr));
}

static void command_reset(void) {
  for (int i = 0; i < object_count; i++) close(objects[i].fd);
  object_count = 0;
  puts("{\"ok\":1}");
}

static void obey(const char *command) {
  if (strcmp(command, "map") == 0) command_map();
  else if (strcmp(command, "typed") == 0) command_typed();
  else if (strcmp(command, "load") == 0) command_load();
  else if (strcmp(command, "verify") == 0) command_verify();
  else if (strcmp(command, "run") == 0) command_run();
  else if (strcmp(command, "lookup") == 0) command_lookup(BPF_MAP_LOOKUP_ELEM);
  else if (strcmp(command, "take") == 0) command_lookup(BPF_MAP_LOOKUP_AND_DELETE_ELEM);
  else if (strcmp(command, "update") == 0) command_update(0);
  else if (strcmp(command, "slot") == 0) command_update(1);
  else if (strcmp(command, "delete") == 0) command_delete();
  else if (strcmp(command, "next") == 0) command_next();
  else if (strcmp(command, "weaken") == 0) command_weaken();
  else if (strcmp(command, "freeze") == 0) command_freeze();
  else if (strcmp(command, "reset") == 0) command_reset();
  else refuse(ENOSYS);
}

/* Programs of one sequence share the elements of per-CPU maps: all run on the processor where this starts. */
static void stay_here(void) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  sched_setaffinity(0, sizeof here, &here);
}

int main(void) {
  struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  char *line = NULL;
  size_t capacity = 0;
  setrlimit(RLIMIT_MEMLOCK, &unlimited);
  stay_here();
  while (getline(&line, &capacity, stdin) > 0) {
    char *command = strtok(line, " \n");
    if (command == NULL) continue;
    obey(command);
    fflush(stdout);
  }
  return 0;
}

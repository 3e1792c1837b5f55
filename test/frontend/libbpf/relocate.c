/*
 * What libbpf makes of the programs of an object: relocated by the types of a BTF file, and printed instead of loaded.
 * No system call reaches the kernel's bpf(2): the C library's syscall() is replaced, and everything succeeds.
 *
 *   relocate OBJECT BTF    a line a program: its name, and the bytes of its instructions in hex, or "error"
 *
 * BTF is "-" for none.
 */
#define _GNU_SOURCE
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptors that can be mapped, as those of maps can. */
static long any_fd(void) {
  int fd = memfd_create("any", MFD_CLOEXEC);
  if (fd >= 0 && ftruncate(fd, 1 << 28) != 0) return -1;
  return fd;
}

static long no_bpf(int command) {
  switch (command) {
    case BPF_MAP_CREATE:
    case BPF_PROG_LOAD:
    case BPF_BTF_LOAD:
    case BPF_LINK_CREATE:
      return any_fd();
    case BPF_BTF_GET_NEXT_ID:
    case BPF_BTF_GET_FD_BY_ID:
      errno = ENOENT;
      return -1;
    default:
      return 0;
  }
}

long syscall(long number, ...) {
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_bpf) return no_bpf((int)a[0]);
  register long r10 asm("r10") = a[3];
  register long r8 asm("r8") = a[4];
  register long r9 asm("r9") = a[5];
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  if (result >= 0 || result < -4095) return result;
  errno = (int)-result;
  return -1;
}

static struct bpf_object *open_object(const char *path, const char *btf) {
  LIBBPF_OPTS(bpf_object_open_opts, options);
  if (strcmp(btf, "-") != 0) options.btf_custom_path = btf;
  return bpf_object__open_file(path, &options);
}

static void print_insns(const struct bpf_program *program) {
  const unsigned char *bytes = (const unsigned char *)bpf_program__insns(program);
  size_t size = bpf_program__insn_cnt(program) * 8;
  for (size_t i = 0; i < size; i++) printf("%02x", bytes[i]);
}

/* One object a program: where libbpf refuses one, it refuses the object. */
static void relocate(const char *path, const char *btf, const char *name) {
  struct bpf_object *object = open_object(path, btf);
  struct bpf_program *each, *program = NULL;
  if (object == NULL) {
    printf("%s error\n", name);
    return;
  }
  bpf_object__for_each_program(each, object) {
    int wanted = strcmp(bpf_program__name(each), name) == 0;
    bpf_program__set_autoload(each, wanted);
    if (wanted) program = each;
  }
  printf("%s ", name);
  if (program != NULL && bpf_object__load(object) == 0) print_insns(program);
  else printf("error");
  printf("\n");
  bpf_object__close(object);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list list) {
  return level == LIBBPF_WARN && getenv("VERBOSE") ? vfprintf(stderr, format, list) : 0;
}

int main(int argc, char **argv) {
  struct bpf_object *object;
  struct bpf_program *program;
  if (argc != 3) return 2;
  libbpf_set_print(quiet);
  object = open_object(argv[1], argv[2]);
  if (object == NULL) return 1;
  bpf_object__for_each_program(program, object) relocate(argv[1], argv[2], bpf_program__name(program));
  bpf_object__close(object);
  return 0;
}

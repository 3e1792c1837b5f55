/* What text functions of the kernel give back at their edges. */
#include "record.h"

extern int bpf_strcmp(const char *a, const char *b) __ksym;
extern int bpf_strcasecmp(const char *a, const char *b) __ksym;
extern int bpf_strchr(const char *s, char c) __ksym;
extern int bpf_strchrnul(const char *s, char c) __ksym;
extern int bpf_strnchr(const char *s, unsigned long count, char c) __ksym;
extern int bpf_strrchr(const char *s, char c) __ksym;
extern int bpf_strlen(const char *s) __ksym;
extern int bpf_strnlen(const char *s, unsigned long count) __ksym;
extern int bpf_strspn(const char *s, const char *accept) __ksym;
extern int bpf_strcspn(const char *s, const char *reject) __ksym;
extern int bpf_strstr(const char *a, const char *b) __ksym;
extern int bpf_strnstr(const char *a, const char *b, unsigned long size) __ksym;

char text[] = "Hello, World";
char same[] = "hello, wORLD";
char high[] = "\xe4\xc4z";
char low[] = "\xc4\xc4z";
char empty[] = "";
char list[] = "leoH";
char world[] = "World";
char tail[] = "rld";
char more[] = "Worlds";
char endless[70000];

#define USER ((const char *)1)
#define INVALID ((const char *)-1)

SEC("syscall") int compared(void *ctx) {
  record(bpf_strcmp(text, text));
  record(bpf_strcmp(text, same));
  record(bpf_strcmp(same, text));
  record(bpf_strcmp(text, empty));
  record(bpf_strcmp(empty, text));
  record(bpf_strcmp(high, text));
  record(bpf_strcasecmp(text, same));
  record(bpf_strcasecmp(high, low));
  record(bpf_strcasecmp(text, empty));
  record(bpf_strcmp(USER, text));
  record(bpf_strcmp(text, (void *)0));
  record(bpf_strcmp(text, INVALID));
  record(bpf_strcasecmp(INVALID, USER));
  record(bpf_strlen(text));
  record(bpf_strlen(empty));
  record(bpf_strlen(USER));
  record(bpf_strlen(INVALID));
  record(bpf_strnlen(text, 5));
  record(bpf_strnlen(text, 12));
  record(bpf_strnlen(text, 100));
  record(bpf_strnlen(text, 0));
  record(bpf_strnlen(USER, 0));
  return 0;
}

SEC("syscall") int found(void *ctx) {
  record(bpf_strchr(text, 'l'));
  record(bpf_strchr(text, 'x'));
  record(bpf_strchr(text, 0));
  record(bpf_strchr(high, '\xc4'));
  record(bpf_strchr(USER, 'a'));
  record(bpf_strchr(INVALID, 'a'));
  record(bpf_strchrnul(text, 'l'));
  record(bpf_strchrnul(text, 'x'));
  record(bpf_strnchr(text, 2, 'l'));
  record(bpf_strnchr(text, 3, 'l'));
  record(bpf_strnchr(text, 100, 'x'));
  record(bpf_strnchr(text, 13, 0));
  record(bpf_strnchr(text, 12, 0));
  record(bpf_strrchr(text, 'l'));
  record(bpf_strrchr(text, 'x'));
  record(bpf_strrchr(text, 0));
  record(bpf_strrchr((void *)0, 'l'));
  record(bpf_strspn(text, list));
  record(bpf_strspn(text, empty));
  record(bpf_strspn(text, text));
  record(bpf_strcspn(text, world));
  record(bpf_strcspn(text, empty));
  record(bpf_strcspn(empty, text));
  record(bpf_strcspn(text, USER));
  record(bpf_strstr(text, world));
  record(bpf_strstr(text, tail));
  record(bpf_strstr(text, more));
  record(bpf_strstr(text, empty));
  record(bpf_strstr(empty, text));
  record(bpf_strstr(empty, empty));
  record(bpf_strnstr(text, world, 12));
  record(bpf_strnstr(text, world, 11));
  record(bpf_strnstr(text, tail, 100));
  record(bpf_strnstr(text, empty, 0));
  record(bpf_strnstr(text, text, 0));
  record(bpf_strnstr(text, list, 3));
  record(bpf_strstr(text, INVALID));
  return 0;
}

SEC("syscall") int too_long(void *ctx) {
  for (int i = 0; i < 70000; i++) ((volatile char *)endless)[i] = 'a';
  record(bpf_strlen(endless));
  record(bpf_strnlen(endless, 65535));
  record(bpf_strnlen(endless, 65536));
  record(bpf_strcmp(endless, endless));
  record(bpf_strchr(endless, 'b'));
  record(bpf_strchrnul(endless, 'b'));
  record(bpf_strrchr(endless, 'a'));
  record(bpf_strspn(endless, endless));
  record(bpf_strspn(text, endless));
  record(bpf_strstr(endless, endless));
  record(bpf_strstr(endless, text));
  return 0;
}

LICENSE;

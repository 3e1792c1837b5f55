/* Types of every BTF kind, in the values of global variables. */
#include "bpf.h"

#define tag(name) __attribute__((btf_type_tag(name)))
#define declare(name) __attribute__((btf_decl_tag(name)))

typedef __u32 be32;
enum color { RED = -1, GREEN = 1, BLUE };
enum wide { SMALL = 1, LARGE = 0x100000000ull };
struct forward;

struct bits {
  unsigned a : 3;
  int b : 5;
  unsigned long c : 40;
  enum color color : 4;
  _Bool flag : 1;
};

struct everything {
  __u8 u8;
  __s16 s16;
  be32 address;
  __s64 s64;
  _Bool yes;
  char name[8];
  __u8 mac[6];
  enum color color;
  enum wide wide;
  struct bits bits;
  union {
    __u32 word;
    __u8 bytes[4];
    struct {
      __u16 low, high;
    };
  };
  struct {
    int inside;
  };
  __u16 grid[2][3];
  float single;
  double twice;
  const volatile char *restrict text;
  int (*function)(struct forward *, int);
  struct everything tag("user") * next;
  __int128 huge;
} declare("tagged");

struct everything everything;

SEC("xdp") int look(struct xdp_md *ctx) { return everything.u8; }

LICENSE;

/*
 * A benchmark program as clang translates it to WebAssembly: `packet` is where the packet goes, `repeat` runs the
 * program over it. Compiled with -DSOURCE='"NAME.bpf.c"' -DPROGRAM_NAME=NAME.
 */
#include SOURCE

#define EXPORTED(name) __attribute__((export_name(name)))

static u8 bytes[1 << 16];

EXPORTED("packet") u8 *packet_address(void) { return bytes; }

/* r0 of the last run. */
EXPORTED("repeat") u64 repeat_runs(u32 length, u32 count) {
  struct xdp_md ctx = {(unsigned long)bytes, (unsigned long)bytes + length};
  u64 r0 = 0;
  for (u32 i = 0; i < count; i++) r0 = PROGRAM_NAME(&ctx);
  return r0;
}

/*
 * Runs one program natively and prints r0 and a hash of the memory afterwards.
 * Compiled with -DNATIVE -DSOURCE="name.bpf.c" -DENTRY=name -DPACKET=0|1; the input is standard input.
 */
#include SOURCE

int main(void) {
  static u8 memory[1 << 16];
  u64 length = fread(memory, 1, sizeof(memory), stdin);
#if PACKET
  struct xdp_md ctx = {(unsigned long)memory, (unsigned long)memory + length};
  u64 r0 = (u32)ENTRY(&ctx);
#else
  u64 r0 = ENTRY(memory, length);
#endif
  u64 hash = 0xcbf29ce484222325ull; /* FNV-1a */
  for (u64 i = 0; i < length; i++) hash = (hash ^ memory[i]) * 0x100000001b3ull;
  printf("%llu %016llx\n", r0, hash);
}

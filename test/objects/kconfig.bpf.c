/* Values of the host: configuration, and addresses of symbols. */
#include "bpf.h"

enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };

#define __kconfig SEC(".kconfig")
#define __ksym SEC(".ksyms")
extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_HZ __kconfig;
extern _Bool CONFIG_BPF __kconfig;
extern enum libbpf_tristate CONFIG_XFS_FS __kconfig;
extern char CONFIG_MODULES __kconfig;
extern unsigned long CONFIG_BASE __kconfig;
extern char CONFIG_LOCALVERSION[8] __kconfig;
extern int CONFIG_MISSING __weak __kconfig;
extern const void known __ksym;
extern const void missing __weak __ksym;

SEC("tc") int version(struct __sk_buff *ctx) { return LINUX_KERNEL_VERSION; }
SEC("tc") int hz(struct __sk_buff *ctx) { return CONFIG_HZ; }
SEC("tc") int letters(struct __sk_buff *ctx) {
  return CONFIG_BPF * 1000 + CONFIG_XFS_FS * 200 + CONFIG_MODULES;
}
SEC("tc") int wide(struct __sk_buff *ctx) { return CONFIG_BASE >> 32; }
SEC("tc") int text(struct __sk_buff *ctx) { return CONFIG_LOCALVERSION[1]; }
SEC("tc") int absent(struct __sk_buff *ctx) { return CONFIG_MISSING + 5; }
SEC("tc") int address(struct __sk_buff *ctx) { return (long)&known >> 32; }
SEC("tc") int weak(struct __sk_buff *ctx) { return &missing ? 1 : 2; }

char _license[] SEC("license") = "GPL";

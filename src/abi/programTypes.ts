/** enum bpf_prog_type (uapi/linux/bpf.h), as far as the runtime tells types apart. Compiled by TypeScript and by AssemblyScript. */
export const PROG_TYPE_SCHED_CLS = 3;
export const PROG_TYPE_SCHED_ACT = 4;
export const PROG_TYPE_CGROUP_SOCK = 9;
export const PROG_TYPE_LWT_IN = 10;
export const PROG_TYPE_LWT_XMIT = 12;
export const PROG_TYPE_SOCK_OPS = 13;
export const PROG_TYPE_SK_MSG = 16;
export const PROG_TYPE_CGROUP_SOCK_ADDR = 18;
export const PROG_TYPE_LWT_SEG6LOCAL = 19;
export const PROG_TYPE_SK_REUSEPORT = 21;
export const PROG_TYPE_CGROUP_SOCKOPT = 25;
export const PROG_TYPE_SK_LOOKUP = 30;

/* Section names of every form. */
#include "bpf.h"

#define PROGRAM(name, section) \
  SEC(section) int name(void *ctx) { return 0; }

PROGRAM(xdp_plain, "xdp")
PROGRAM(xdp_frags, "xdp.frags")
PROGRAM(xdp_cpumap, "xdp/cpumap")
PROGRAM(off, "?xdp")
PROGRAM(socket_filter, "socket")
PROGRAM(tc_plain, "tc")
PROGRAM(tcx, "tcx/ingress")
PROGRAM(kprobe_named, "kprobe/sys_execve")
PROGRAM(kprobe_bare, "kprobe")
PROGRAM(fentry_sleepable, "fentry.s/do_unlinkat")
PROGRAM(writable, "raw_tp.w/event")
PROGRAM(connect, "cgroup/connect4")
PROGRAM(system_call, "syscall")
PROGRAM(legacy, "xdp_redirect_dummy")
PROGRAM(unknown, "downcall")

LICENSE;

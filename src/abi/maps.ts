/** Map types (enum bpf_map_type), flags and error numbers. Compiled by TypeScript and by AssemblyScript. */
export const MAP_TYPE_HASH = 1;
export const MAP_TYPE_ARRAY = 2;
export const MAP_TYPE_PROG_ARRAY = 3;
export const MAP_TYPE_PERF_EVENT_ARRAY = 4;
export const MAP_TYPE_PERCPU_HASH = 5;
export const MAP_TYPE_PERCPU_ARRAY = 6;
export const MAP_TYPE_STACK_TRACE = 7;
export const MAP_TYPE_CGROUP_ARRAY = 8;
export const MAP_TYPE_LRU_HASH = 9;
export const MAP_TYPE_LRU_PERCPU_HASH = 10;
export const MAP_TYPE_LPM_TRIE = 11;
export const MAP_TYPE_ARRAY_OF_MAPS = 12;
export const MAP_TYPE_HASH_OF_MAPS = 13;
export const MAP_TYPE_DEVMAP = 14;
export const MAP_TYPE_SOCKMAP = 15;
export const MAP_TYPE_CPUMAP = 16;
export const MAP_TYPE_XSKMAP = 17;
export const MAP_TYPE_SOCKHASH = 18;
export const MAP_TYPE_CGROUP_STORAGE = 19;
export const MAP_TYPE_REUSEPORT_SOCKARRAY = 20;
export const MAP_TYPE_PERCPU_CGROUP_STORAGE = 21;
export const MAP_TYPE_QUEUE = 22;
export const MAP_TYPE_STACK = 23;
export const MAP_TYPE_SK_STORAGE = 24;
export const MAP_TYPE_DEVMAP_HASH = 25;
export const MAP_TYPE_STRUCT_OPS = 26;
export const MAP_TYPE_RINGBUF = 27;
export const MAP_TYPE_INODE_STORAGE = 28;
export const MAP_TYPE_TASK_STORAGE = 29;
export const MAP_TYPE_BLOOM_FILTER = 30;
export const MAP_TYPE_USER_RINGBUF = 31;
export const MAP_TYPE_CGRP_STORAGE = 32;
export const MAP_TYPE_ARENA = 33;
export const MAP_TYPE_INSN_ARRAY = 34;

export const BPF_ANY = 0;
export const BPF_NOEXIST = 1;
export const BPF_EXIST = 2;
export const BPF_F_LOCK = 4;

export const BPF_F_NO_PREALLOC = 1;
export const BPF_F_NO_COMMON_LRU = 2;
export const BPF_F_NUMA_NODE = 4;
export const BPF_F_RDONLY = 8;
export const BPF_F_WRONLY = 16;
export const BPF_F_STACK_BUILD_ID = 32;
export const BPF_F_ZERO_SEED = 64;
/** Programs may only read the map. */
export const BPF_F_RDONLY_PROG = 128;
/** Programs may only write the map. */
export const BPF_F_WRONLY_PROG = 256;
export const BPF_F_CLONE = 512;
export const BPF_F_MMAPABLE = 1024;
export const BPF_F_PRESERVE_ELEMS = 2048;
export const BPF_F_INNER_MAP = 4096;
export const BPF_F_LINK = 8192;
export const BPF_F_VTYPE_BTF_OBJ_FD = 32768;
export const BPF_F_SEGV_ON_FAULT = 131072;
export const BPF_F_NO_USER_CONV = 262144;
/** Bytes of a page of an arena. */
export const ARENA_PAGE = 4096;

/** Flags of bpf_get_stackid and bpf_get_stack: innermost frames to leave out, and how stacks are compared and kept. */
export const BPF_F_SKIP_FIELD_MASK = 0xff;
export const BPF_F_USER_BUILD_ID = 2048;
export const BPF_F_USER_STACK = 256;
export const BPF_F_FAST_STACK_CMP = 512;
export const BPF_F_REUSE_STACKID = 1024;
/** Status of a struct bpf_stack_build_id that holds an address instead. */
export const BPF_STACK_BUILD_ID_IP = 2;

/** Linux error numbers, positive; functions return them negated. */
export const EPERM = 1;
export const ENOENT = 2;
export const E2BIG = 7;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EDEADLK = 35;
export const ENODEV = 19;
export const ERANGE = 34;
export const EAFNOSUPPORT = 97;
export const ENOSYS = 38;
export const EPROTO = 71;
export const EOVERFLOW = 75;
export const EOPNOTSUPP = 95;
export const EALREADY = 114;
/** The kernel's internal "not supported", which bpf(2) lets through. */
export const ENOTSUPP = 524;

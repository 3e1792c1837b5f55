/** What led to a run, and who runs: compiled by TypeScript and by AssemblyScript. Fields of the run state (RUN_ENVIRONMENT). */

/** u32 in the header: the task that programs see as the current one unless the run has another. */
export const HDR_TASK = 604;

/** Addresses of objects, 0 for none: the current task, and its cgroup. */
export const RUN_TASK = 9472; // u32
export const RUN_CGROUP = 9476; // u32
export const RUN_FUNCTION_IP = 9480; // u64
export const RUN_ATTACH_COOKIE = 9488; // u64
/** Arguments of the traced function, the first in the context; behind them its result, if it has returned. */
export const RUN_ARGUMENTS = 9496; // u32

/** struct bpf_perf_event_value, 24 bytes: what the host has read last. */
export const RUN_COUNTER = 9600;

/** u32: address of the registers of the current task; 0 for none. */
export const RUN_TASK_REGISTERS = 9624;
/** u32: 1 where the perf event that the program is run for has a value (RUN_EVENT_VALUE, 24 bytes). */
export const RUN_HAS_EVENT_VALUE = 9628;
export const RUN_EVENT_VALUE = 9632;
/** u32: 1 where the traced function has returned. */
export const RUN_SESSION_IS_RETURN = 9660;
/** u32: address of the host's object that is the cookie; 0 for none. */
export const RUN_SESSION_COOKIE = 9664;
/** u64: the cookie where there is none of the host's. */
export const RUN_OWN_COOKIE = 9672;

/** `ax` of struct pt_regs of x86-64. */
export const PT_REGS_AX = 80;

// ---- what a hook has beside its context -------------------------------------------------------------------

/** The fields below are this run's where RUN_REST_READY is HOOK_READY (contexts that are no packets); else the template's. */
export const HOOK_READY = 2;
export const RUN_HOOK_TEMPLATE = 9504;
export const RUN_HOOK = 9552;
/** i32: what the system call returns. */
export const HOOK_RETVAL = 0;
/** u32: bytes of a message that the verdict is for, and bytes to wait for. */
export const HOOK_APPLY_BYTES = 4;
export const HOOK_CORK_BYTES = 8;
/** Addresses and lengths of a sysctl: its name, its value, what is being written. u32 each. */
export const HOOK_SYSCTL_NAME = 12;
export const HOOK_SYSCTL_NAME_LENGTH = 16;
export const HOOK_SYSCTL_VALUE = 20;
export const HOOK_SYSCTL_VALUE_LENGTH = 24;
export const HOOK_SYSCTL_NEW = 28;
export const HOOK_SYSCTL_NEW_LENGTH = 32;
/** u32: 1 where the program has chosen another value. */
export const HOOK_SYSCTL_CHANGED = 36;
export const HOOK_SIZE = 40;
/** PAGE_SIZE: a value and its NUL. */
export const SYSCTL_MAX = 4096;

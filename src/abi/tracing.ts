/** What led to a run, and who runs: compiled by TypeScript and by AssemblyScript. Fields of the run state (RUN_ENVIRONMENT). */

/** u32 in the header: the task that programs see as the current one unless the run has another. */
export const HDR_TASK = 584;

/** Addresses of objects, 0 for none: the current task, and its cgroup. */
export const RUN_TASK = 9216; // u32
export const RUN_CGROUP = 9220; // u32
export const RUN_FUNCTION_IP = 9224; // u64
export const RUN_ATTACH_COOKIE = 9232; // u64
/** Arguments of the traced function, the first in the context; behind them its result, if it has returned. */
export const RUN_ARGUMENTS = 9240; // u32

/** `ax` of struct pt_regs of x86-64. */
export const PT_REGS_AX = 80;

/** What hostHelper is called by: (signal, 1 for the thread alone), (address, from, size). */
export const HOST_SIGNAL = 0x7000_0001;
export const HOST_WRITE_USER = 0x7000_0002;

/**
 * Why a run was stopped. Compiled by TypeScript and by AssemblyScript. Where several reasons meet at one
 * instruction, the first of this order counts: memory, misaligned; call depth, bad function, budget; bad map, budget.
 */
export const TRAP_NONE = 0;
/** A memory access outside the memory the program was given, or a write to read-only memory. */
export const TRAP_MEMORY = 1;
/** An atomic access that is not naturally aligned. */
export const TRAP_MISALIGNED = 2;
/** The instruction budget is spent. */
export const TRAP_BUDGET = 3;
/** More than 8 frames of calls. */
export const TRAP_CALL_DEPTH = 4;
/** A helper was given something that is not a map of this program. */
export const TRAP_BAD_MAP = 5;
/** A helper was given memory outside what the program was given. */
export const TRAP_HELPER_MEMORY = 6;
/** A helper or callx was given something that is not a function of this program. */
export const TRAP_BAD_FUNCTION = 7;
/** A helper argument has a value the helper cannot take (a verifier would have rejected it). */
export const TRAP_BAD_ARGUMENT = 8;
/** An instruction the engines do not carry was reached (addr_space_cast, gotox). */
export const TRAP_UNSUPPORTED = 9;
/** A helper of the host's own threw. */
export const TRAP_HOST = 10;
/** No trap: the program has thrown (bpf_throw), and RUN_TRAP_VALUE is what it returns. */
export const THROWN = 11;

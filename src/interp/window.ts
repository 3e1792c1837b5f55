/**
 * Register windows: each frame of calls has its own registers, at RUN_INTERP_FRAMES of the run state, the main
 * program's first. The contract between stepper.ts and assembly/, compiled by both. Plain constants only.
 */
import { RUN_INTERP } from '../abi/layout.ts';

export const WINDOW_SIZE = 128;
/** r0..r10, u64 each. */
export const WINDOW_REGS = 0;
/** u32: address of the predecoded instruction to go on with when the callee returns. */
export const WINDOW_RETURN = 88;
/** u32: descriptor of the program the frame runs. */
export const WINDOW_PROG = 92;
/** u32: what is left of the frame's may_goto iterations. */
export const WINDOW_LOOPS = 96;

/** Iterations that may_goto grants each frame (BPF_MAX_LOOPS of the kernel). */
export const MAY_GOTO_LOOPS = 8_388_608;

// ---- private part of the run state -------------------------------------------------------------------------

/** u32: window of the paused frame while single-stepping; 0: no paused run. */
export const RUN_PAUSED = RUN_INTERP;
/** u32: address of the predecoded instruction that the paused frame goes on with. */
export const RUN_PAUSED_AT = RUN_INTERP + 4;
/** u32: number of the helper that a callx of translated code is about to call. */
export const RUN_HELPER = RUN_INTERP + 8;

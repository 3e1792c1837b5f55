/** Register windows, see src/interp/window.ts. A window's address is that of its r0. */
import {
  FRAME_SIZE,
  FUNC_SLOTS,
  PROG_CODE,
  PROG_SANDBOX,
  RUN_INTERP_FRAMES,
  RUN_PROG,
  RUN_SANDBOX,
  RUN_STACK_TOP,
} from '../../src/abi/layout';
import { INSN_SIZE } from '../../src/interp/opcodes';
import { MAY_GOTO_LOOPS, WINDOW_LOOPS, WINDOW_PROG, WINDOW_RETURN, WINDOW_SIZE } from '../../src/interp/window';
import { calleeFrame, spendCall } from '../run/call';
import { checkFunction } from '../run/sandbox';
import { run } from '../run/state';

export const R1: i32 = 8;
export const R2: i32 = 16;
export const R3: i32 = 24;
export const R4: i32 = 32;
export const R5: i32 = 40;
export const R6: i32 = 48;
export const R10: i32 = 80;

/** The window of the frame whose r10 is `frame`. */
export function windowOf(frame: u32): u32 {
  return run + RUN_INTERP_FRAMES + ((load<u32>(run, RUN_STACK_TOP) - frame) / FRAME_SIZE) * WINDOW_SIZE;
}

/** A window for the current program as it is at the start of a frame: zero but for r10. */
export function openWindow(frame: u32): u32 {
  const window = windowOf(frame);
  memory.fill(window, 0, R10);
  store<u64>(window, frame, R10);
  startWindow(window);
  return window;
}

/** What a frame's start and a tail call have in common. */
function startWindow(window: u32): void {
  store<u32>(window, load<u32>(run, RUN_PROG), WINDOW_PROG);
  store<u32>(window, MAY_GOTO_LOOPS, WINDOW_LOOPS);
}

/** A tail call goes on in the same frame, with nothing but r1 and r10. */
export function restartWindow(window: u32): void {
  const r1 = load<u64>(window, R1);
  memory.fill(window, 0, R10);
  store<u64>(window, r1, R1);
  startWindow(window);
}

/** Enters a function of `slots` from the instruction at slot `pc` (address `from`): r1 to r5 go along. */
export function enterWindow(caller: u32, from: u32, pc: u32, slots: u32): u32 {
  const frame = calleeFrame(load<u32>(caller, R10), pc);
  spendCall(slots, pc);
  store<u32>(caller, from + INSN_SIZE, WINDOW_RETURN);
  const window = caller + WINDOW_SIZE;
  store<u64>(window, 0);
  memory.copy(window + R1, caller + R1, R6 - R1);
  memory.fill(window + R6, 0, R10 - R6);
  store<u64>(window, frame, R10);
  startWindow(window);
  return window;
}

/** As enterWindow, for the function whose descriptor is at `address` if it is one. */
export function enterFunction(caller: u32, from: u32, pc: u32, address: u64): u32 {
  calleeFrame(load<u32>(caller, R10), pc);
  return enterWindow(caller, from, pc, load<u32>(checkFunction(address, pc), FUNC_SLOTS));
}

/** Returns from a function: r0 goes to the caller, whose program is the current one again. */
export function leaveWindow(window: u32): u32 {
  const caller = window - WINDOW_SIZE;
  store<u64>(caller, load<u64>(window));
  const prog = load<u32>(caller, WINDOW_PROG);
  if (prog != load<u32>(run, RUN_PROG)) {
    store<u32>(run, prog, RUN_PROG);
    store<u32>(run, load<u32>(prog, PROG_SANDBOX), RUN_SANDBOX);
  }
  return caller;
}

/** Predecoded instructions of the program that a frame runs. */
export function codeOf(window: u32): u32 {
  return load<u32>(load<u32>(window, WINDOW_PROG), PROG_CODE);
}

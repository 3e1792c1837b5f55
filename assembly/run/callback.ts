/** Helpers call back into the program that called them. */
import {
  FUNC_SLOTS,
  FUNC_TABLE_INDEX,
  RUN_FRAME,
  RUN_INTERPRETED,
  RUN_PC,
  RUN_PROG,
  RUN_SANDBOX,
} from '../../src/abi/layout';
import { calleeFrame, spendCall } from './call';
import { run } from './state';

/** Table index of `interpretFunction` (func, r1..r5, r10): registered, not imported, since the interpreter imports the helpers. */
let interpreter: u32 = 0;

export function registerInterpreter(index: u32): void {
  interpreter = index;
}

/**
 * Runs the callback `func` (a FUNC descriptor, see functionArgument) in a frame below the calling one, in the
 * engine that runs the program, and returns its r0. What the callback changes of the run (a tail call switches
 * programs, its helper calls set RUN_PC) is put back.
 */
export function invoke(func: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const frame = load<u32>(run, RUN_FRAME);
  const pc = load<u32>(run, RUN_PC);
  const prog = load<u32>(run, RUN_PROG);
  const sandbox = load<u32>(run, RUN_SANDBOX);
  const callee = calleeFrame(frame, pc);
  spendCall(load<u32>(func, FUNC_SLOTS), pc);
  const r0 = enter(func, r1, r2, r3, r4, r5, <u64>callee);
  store<u32>(run, frame, RUN_FRAME);
  store<u32>(run, pc, RUN_PC);
  store<u32>(run, prog, RUN_PROG);
  store<u32>(run, sandbox, RUN_SANDBOX);
  return r0;
}

/** Runs a function of a program in the frame `r10`, in the engine that runs the program. */
export function enter(func: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r10: u64): u64 {
  const index = load<u32>(func, FUNC_TABLE_INDEX);
  if (index != 0 && load<u32>(run, RUN_INTERPRETED) == 0) {
    return call_indirect<u64>(index, r1, r2, r3, r4, r5, r10);
  }
  return call_indirect<u64>(interpreter, func, r1, r2, r3, r4, r5, r10);
}

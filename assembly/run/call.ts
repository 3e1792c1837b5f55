/** What happens at calls between functions of a program, the same for both engines. */
import { FRAME_SIZE, RUN_SANDBOX, RUN_STACK } from '../../src/abi/layout';
import { TRAP_CALL_DEPTH } from '../../src/abi/traps';
import { spend } from './budget';
import { run } from './state';
import { trap } from './trap';

/** r10 of a function called from the frame `frame`; traps at `pc` when the stack has no room for it. */
export function calleeFrame(frame: u32, pc: u32): u32 {
  const callee = frame - FRAME_SIZE;
  if (callee - FRAME_SIZE < load<u32>(run, RUN_STACK)) trap(TRAP_CALL_DEPTH, pc, callee);
  return callee;
}

/** Spends the slots of a callee, when sandboxed. */
export function spendCall(slots: u32, pc: u32): void {
  if (load<u32>(run, RUN_SANDBOX) != 0) spend(slots, pc);
}

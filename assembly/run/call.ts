/** What happens at calls between functions of a program, the same for both engines. */
import {
  FRAME_SIZE,
  FUNC_SLOTS,
  FUNC_TABLE_INDEX,
  RUN_SANDBOX,
  RUN_STACK,
} from '../../src/abi/layout';
import { TRAP_CALL_DEPTH, TRAP_UNSUPPORTED } from '../../src/abi/traps';
import { spend } from './budget';
import { checkFunction } from './sandbox';
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

/** Table index of the function at `address` (callx of translated code); spends its slots when sandboxed. */
export function functionIndex(address: u64, pc: u32): u32 {
  const func = checkFunction(address, pc);
  const index = load<u32>(func, FUNC_TABLE_INDEX);
  if (index == 0) trap(TRAP_UNSUPPORTED, pc, address);
  spendCall(load<u32>(func, FUNC_SLOTS), pc);
  return index;
}

/**
 * callx: the register holds the address of a function of the program or, as in uBPF and the conformance suite, the
 * number of a helper. No address is that small.
 */
import { FRAME_SIZE, FUNC_SLOTS, FUNC_TABLE_INDEX, RUN_FRAME, RUN_PC } from '../../src/abi/layout';
import { TRAP_UNSUPPORTED } from '../../src/abi/traps';
import { RUN_HELPER } from '../../src/interp/window';
import { callHelper } from '../helpers/dispatch';
import { spendCall } from './call';
import { checkFunction } from './sandbox';
import { run } from './state';
import { trap } from './trap';

/** The kernel's list of helpers is closed (__BPF_FUNC_MAPPER of include/uapi/linux/bpf.h). */
const LAST_HELPER: u64 = 211;
const TAIL_CALL: u64 = 12;

/** A helper may be called by its number; bpf_tail_call is no ordinary call. */
export function isHelperNumber(value: u64): bool {
  return value != 0 && value <= LAST_HELPER && value != TAIL_CALL;
}

/** Calls the helper `id` from the instruction at `pc` of the frame `frame`. */
export function callFrom(frame: u32, pc: u32, id: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u32>(run, pc, RUN_PC);
  store<u32>(run, frame, RUN_FRAME);
  return callHelper(id, r1, r2, r3, r4, r5);
}

/** What translated code calls through the table where the register held the number of a helper. */
function helperByNumber(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r10: u64): u64 {
  const id = load<u32>(run, RUN_HELPER);
  return callFrom(<u32>r10 + FRAME_SIZE, load<u32>(run, RUN_PC), id, r1, r2, r3, r4, r5);
}

/** Table index of what callx at `pc` calls; a function's slots are spent when sandboxed. */
export function functionIndex(address: u64, pc: u32): u32 {
  if (isHelperNumber(address)) {
    store<u32>(run, pc, RUN_PC);
    store<u32>(run, <u32>address, RUN_HELPER);
    return helperByNumber.index;
  }
  const func = checkFunction(address, pc);
  const index = load<u32>(func, FUNC_TABLE_INDEX);
  if (index == 0) trap(TRAP_UNSUPPORTED, pc, address);
  spendCall(load<u32>(func, FUNC_SLOTS), pc);
  return index;
}

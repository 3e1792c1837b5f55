import { PROG_MAIN_SLOTS, PROG_SANDBOX, PROG_TABLE_INDEX, RUN_PC, RUN_PROG, RUN_SANDBOX } from '../../src/abi/layout';
import { tailCallTarget } from '../helpers/tailcall';
import { spendCall } from './call';
import { mapArgument } from './sandbox';
import { run } from './state';

/**
 * bpf_tail_call at `pc`: the descriptor of the program to go on with, which is the current program from here on;
 * 0 when the call fails and the program goes on. What it costs is the caller's to pay, when sandboxed.
 */
export function switchProgram(map: u64, index: u64, pc: u32): u32 {
  store<u32>(run, pc, RUN_PC);
  const target = tailCallTarget(mapArgument(map), index);
  if (target == 0) return 0;
  spendCall(load<u32>(target, PROG_MAIN_SLOTS), pc);
  store<u32>(run, target, RUN_PROG);
  store<u32>(run, load<u32>(target, PROG_SANDBOX), RUN_SANDBOX);
  return target;
}

/** Table index of `interpretProgram`, which carries targets that have no translation; registered by assembly/interp. */
let interpreter: u32 = 0;

export function registerProgramInterpreter(index: u32): void {
  interpreter = index;
}

/** bpf_tail_call of translated code: table index of what to `return_call_indirect`, or 0. */
export function tailCall(map: u64, index: u64, pc: u32): u32 {
  const target = switchProgram(map, index, pc);
  if (target == 0) return 0;
  const translated = load<u32>(target, PROG_TABLE_INDEX);
  return translated != 0 ? translated : interpreter;
}

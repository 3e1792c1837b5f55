/** What the loop hands over to the rest of the runtime: helpers, functions by address, tail calls. */
import { FUNC_PC, FUNC_PROG, PROG_CODE } from '../../src/abi/layout';
import { TRAP_UNSUPPORTED } from '../../src/abi/traps';
import { INSN_DST, INSN_IMM, INSN_OFF, INSN_SIZE } from '../../src/interp/opcodes';
import { calleeFrame } from '../run/call';
import { callFrom } from '../run/callx';
import { switchProgram } from '../run/tail';
import { trap } from '../run/trap';
import { R1, R10, R2, R3, R4, R5, restartWindow } from './window';

/** Calls a helper with r1 to r5 of the window `r`, whose r0 takes the result. */
export function helper(r: u32, pc: u32, id: u32): void {
  const r1 = load<u64>(r, R1);
  const r2 = load<u64>(r, R2);
  const r3 = load<u64>(r, R3);
  store<u64>(r, callFrom(load<u32>(r, R10), pc, id, r1, r2, r3, load<u64>(r, R4), load<u64>(r, R5)));
}

/** Calls a kernel function; `fixups`: 0, or where the constants are that it is given in registers (opcodes.ts). */
export function kfunc(r: u32, pc: u32, number: u32, fixups: u32): void {
  for (let at = fixups; at != 0; at = load<i32>(at, INSN_OFF) == 0 ? 0 : at + INSN_SIZE) {
    store<u64>(r + load<u8>(at, INSN_DST), load<u64>(at, INSN_IMM));
  }
  helper(r, pc, number);
}

/** As `helper`, by callx, which needs room for a frame whatever it calls. */
export function helperFrom(r: u32, pc: u32, id: u32): void {
  calleeFrame(load<u32>(r, R10), pc);
  helper(r, pc, id);
}

/** Address of the first instruction of a function, given by its descriptor. */
export function entryOf(func: u32): u32 {
  return load<u32>(load<u32>(func, FUNC_PROG), PROG_CODE) + load<u32>(func, FUNC_PC) * INSN_SIZE;
}

/** bpf_tail_call in the window `r`, at slot `pc`: the target's first instruction, or 0 when the call fails. */
export function tailCallFrom(r: u32, pc: u32): u32 {
  const target = switchProgram(load<u64>(r, R2), load<u64>(r, R3), pc);
  if (target == 0) return 0;
  const code = load<u32>(target, PROG_CODE);
  if (code == 0) trap(TRAP_UNSUPPORTED, pc, target);
  restartWindow(r);
  return code;
}

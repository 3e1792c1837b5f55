/** The ways into the interpreter: batches of events, steps, callbacks of helpers, targets of tail calls. */
import {
  CTX_MEMORY,
  FUNC_PROG,
  PROG_CODE,
  PROG_CTX_KIND,
  REC_LEN,
  REC_SIZE,
  RUN_BATCH_INDEX,
  RUN_INTERPRETED,
  RUN_INTERP_FRAMES,
  RUN_PROG,
  RUN_RECORD,
  RUN_REGS,
  RUN_STACK_TOP,
  RUN_STEP_DEPTH,
  RUN_STEP_PC,
} from '../../src/abi/layout';
import { TRAP_UNSUPPORTED } from '../../src/abi/traps';
import { INSN_SIZE } from '../../src/interp/opcodes';
import { RUN_PAUSED, RUN_PAUSED_AT, WINDOW_SIZE } from '../../src/interp/window';
import { begin, finish } from '../run/begin';
import { registerInterpreter } from '../run/callback';
import { run } from '../run/state';
import { registerProgramInterpreter } from '../run/tail';
import { trap } from '../run/trap';
import { entryOf } from './call';
import { interpret } from './loop';
import { codeOf, openWindow, R1, R10, R2, R3, R4, R5 } from './window';

const NO_LIMIT: u64 = u64.MAX_VALUE;

registerInterpreter(interpretFunction.index);
registerProgramInterpreter(interpretProgram.index);

/** Interprets `prog` over `count` records from `record` on. A trap unwinds it; see RUN_BATCH_INDEX. */
export function interpretBatch(prog: u32, record: u32, count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    store<u32>(run, index, RUN_BATCH_INDEX);
    const window = beginInterpreted(prog, record);
    interpret(window, window, codeOf(window), NO_LIMIT);
    finish(record, load<u64>(window));
    record += REC_SIZE;
  }
}

/** Prepares a run of `prog` over `record`, paused before its first instruction. */
export function stepBegin(prog: u32, record: u32): void {
  store<u32>(run, 0, RUN_BATCH_INDEX);
  const window = beginInterpreted(prog, record);
  showPaused(window, codeOf(window));
}

/** Executes up to `count` instructions (a helper with its callbacks is one). 1 when the program has ended. */
export function step(count: u32): u32 {
  const base = run + RUN_INTERP_FRAMES;
  const paused = load<u32>(run, RUN_PAUSED);
  if (paused == 0) return 1;
  memory.copy(paused, run + RUN_REGS, R10);
  const pc = interpret(base, paused, load<u32>(run, RUN_PAUSED_AT), count);
  if (pc != 0) {
    showPaused(load<u32>(run, RUN_PAUSED), pc);
    return 0;
  }
  memory.copy(run + RUN_REGS, base, R10 + 8);
  store<u32>(run, 0, RUN_PAUSED);
  finish(load<u32>(run, RUN_RECORD), load<u64>(base));
  return 1;
}

/** A callback of a helper, in the frame `r10` (see run/callback.ts). */
function interpretFunction(func: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r10: u64): u64 {
  requireCode(load<u32>(func, FUNC_PROG));
  return interpretFrom(entryOf(func), r1, r2, r3, r4, r5, r10);
}

/** The current program, as the target of a tail call from translated code: takes the place of its entry. */
function interpretProgram(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r10: u64): u64 {
  const prog = load<u32>(run, RUN_PROG);
  requireCode(prog);
  return interpretFrom(load<u32>(prog, PROG_CODE), r1, r2, r3, r4, r5, r10);
}

function interpretFrom(pc: u32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r10: u64): u64 {
  const before = load<u32>(run, RUN_INTERPRETED);
  store<u32>(run, 1, RUN_INTERPRETED);
  const window = openWindow(<u32>r10);
  store<u64>(window, r1, R1);
  store<u64>(window, r2, R2);
  store<u64>(window, r3, R3);
  store<u64>(window, r4, R4);
  store<u64>(window, r5, R5);
  interpret(window, window, pc, NO_LIMIT);
  store<u32>(run, before, RUN_INTERPRETED);
  return load<u64>(window);
}

/** begin(), and the main program's window with the context in r1 (and the length in r2, for raw memory). */
function beginInterpreted(prog: u32, record: u32): u32 {
  const context = begin(prog, record);
  requireCode(prog);
  store<u32>(run, 1, RUN_INTERPRETED);
  const window = openWindow(load<u32>(run, RUN_STACK_TOP));
  store<u64>(window, context, R1);
  if (load<u32>(prog, PROG_CTX_KIND) == CTX_MEMORY) store<u64>(window, load<u32>(record, REC_LEN), R2);
  return window;
}

function requireCode(prog: u32): void {
  if (load<u32>(prog, PROG_CODE) == 0) trap(TRAP_UNSUPPORTED, 0, prog);
}

/** Makes a paused run visible: registers, slot and depth of the frame `window`, which goes on at `pc`. */
function showPaused(window: u32, pc: u32): void {
  store<u32>(run, window, RUN_PAUSED);
  store<u32>(run, pc, RUN_PAUSED_AT);
  memory.copy(run + RUN_REGS, window, R10 + 8);
  store<u32>(run, (pc - codeOf(window)) / INSN_SIZE, RUN_STEP_PC);
  store<u32>(run, (window - run - RUN_INTERP_FRAMES) / WINDOW_SIZE, RUN_STEP_DEPTH);
}

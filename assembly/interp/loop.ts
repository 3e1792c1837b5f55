/** The interpreter: one loop, one switch, over predecoded instructions and register windows. */
import { RUN_FUEL, RUN_SANDBOX } from '../../src/abi/layout';
import { TRAP_BUDGET, TRAP_UNSUPPORTED } from '../../src/abi/traps';
import {
  ADD,
  AND,
  ARENA,
  ARSH,
  ATOMIC32,
  ATOMIC64,
  BSWAP16,
  BSWAP32,
  BSWAP64,
  CALLX,
  CALL_HELPER,
  CALL_KFUNC,
  CALL_LOCAL,
  CHECKED,
  DIV,
  EXIT,
  INSN_DST,
  INSN_IMM,
  INSN_OFF,
  INSN_OP,
  INSN_SIZE,
  INSN_SRC,
  JA,
  JEQ,
  JGE,
  JGT,
  JLE,
  JLT,
  JNE,
  JSET,
  JSGE,
  JSGT,
  JSLE,
  JSLT,
  K32,
  K64,
  LDDW,
  LDX16,
  LDX32,
  LDX64,
  LDX8,
  LDXS16,
  LDXS32,
  LDXS8,
  LD_ABS,
  LD_IND,
  LOAD_ACQUIRE,
  LSH,
  MAY_GOTO,
  MOD,
  MOV,
  MOVSX16,
  MOVSX32,
  MOVSX8,
  MUL,
  NEG,
  OR,
  R32,
  R64,
  RSH,
  SDIV,
  SMOD,
  SOLE,
  ST16,
  ST32,
  ST64,
  ST8,
  STORE_RELEASE,
  STX16,
  STX32,
  STX64,
  STX8,
  SUB,
  TAIL_CALL,
  TRUSTED,
  XOR,
} from '../../src/interp/opcodes';
import { WINDOW_LOOPS, WINDOW_RETURN } from '../../src/interp/window';
import { isHelperNumber } from '../run/callx';
import { packetLoad } from '../run/packet';
import { inside } from '../run/sandbox';
import { run } from '../run/state';
import { arenaAccess } from './arena';
import { atomic32, atomic64, loadAcquire, storeRelease } from './atomic';
import { entryOf, helper, helperFrom, kfunc, tailCallFrom } from './call';
import { div32, div64, mod32, mod64, sdiv32, sdiv64, smod32, smod64 } from './divide';
import { count, end, fail, pause, refuse, refuseMisaligned } from './leave';
import { codeOf, enterFunction, enterWindow, leaveWindow } from './window';

/** The address of a trusted access of the instruction `i` through the register at `register`. */
function place(register: u32, i: u32): u32 {
  return <u32>load<u64>(register) + load<u32>(i, INSN_OFF);
}

/**
 * Executes from the instruction at address `pc` on, in the window `r`, until the function of the window `base`
 * returns or `limit` instructions are done. Returns 0 when it returned (r0 is in `base`), else the address of the
 * next instruction; the window it belongs to is then at RUN_PAUSED.
 *
 * Every way out of the loop counts the instructions done (RUN_INSNS); calls do too, since what they call may trap.
 */
export function interpret(base: u32, r: u32, pc: u32, limit: u64): u32 {
  let code = codeOf(r);
  let left = limit;
  let at: u64 = 0;
  while (true) {
    if (left == 0) return pause(r, pc, limit);
    left--;
    const i = pc;
    pc += INSN_SIZE;
    const d = r + load<u8>(i, INSN_DST);
    const s = r + load<u8>(i, INSN_SRC);
    // Cases in the order of their numbers, each a sum: that makes them one jump table.
    switch (<i32>load<u8>(i, INSN_OP)) {
      // Arithmetic. 32-bit results are zero-extended; shift counts are masked by the WebAssembly instructions.
      case ADD + R64: store<u64>(d, load<u64>(d) + load<u64>(s)); continue;
      case ADD + K64: store<u64>(d, load<u64>(d) + load<u64>(i, INSN_IMM)); continue;
      case ADD + R32: store<u64>(d, <u64><u32>(load<u32>(d) + load<u32>(s))); continue;
      case ADD + K32: store<u64>(d, <u64><u32>(load<u32>(d) + load<u32>(i, INSN_IMM))); continue;
      case SUB + R64: store<u64>(d, load<u64>(d) - load<u64>(s)); continue;
      case SUB + K64: store<u64>(d, load<u64>(d) - load<u64>(i, INSN_IMM)); continue;
      case SUB + R32: store<u64>(d, <u64><u32>(load<u32>(d) - load<u32>(s))); continue;
      case SUB + K32: store<u64>(d, <u64><u32>(load<u32>(d) - load<u32>(i, INSN_IMM))); continue;
      case MUL + R64: store<u64>(d, load<u64>(d) * load<u64>(s)); continue;
      case MUL + K64: store<u64>(d, load<u64>(d) * load<u64>(i, INSN_IMM)); continue;
      case MUL + R32: store<u64>(d, <u64><u32>(load<u32>(d) * load<u32>(s))); continue;
      case MUL + K32: store<u64>(d, <u64><u32>(load<u32>(d) * load<u32>(i, INSN_IMM))); continue;
      case DIV + R64: store<u64>(d, div64(load<u64>(d), load<u64>(s))); continue;
      case DIV + K64: store<u64>(d, div64(load<u64>(d), load<u64>(i, INSN_IMM))); continue;
      case DIV + R32: store<u64>(d, <u64>div32(load<u32>(d), load<u32>(s))); continue;
      case DIV + K32: store<u64>(d, <u64>div32(load<u32>(d), load<u32>(i, INSN_IMM))); continue;
      case SDIV + R64: store<i64>(d, sdiv64(load<i64>(d), load<i64>(s))); continue;
      case SDIV + K64: store<i64>(d, sdiv64(load<i64>(d), load<i64>(i, INSN_IMM))); continue;
      case SDIV + R32: store<u64>(d, <u64><u32>sdiv32(load<i32>(d), load<i32>(s))); continue;
      case SDIV + K32: store<u64>(d, <u64><u32>sdiv32(load<i32>(d), load<i32>(i, INSN_IMM))); continue;
      case OR + R64: store<u64>(d, load<u64>(d) | load<u64>(s)); continue;
      case OR + K64: store<u64>(d, load<u64>(d) | load<u64>(i, INSN_IMM)); continue;
      case OR + R32: store<u64>(d, <u64><u32>(load<u32>(d) | load<u32>(s))); continue;
      case OR + K32: store<u64>(d, <u64><u32>(load<u32>(d) | load<u32>(i, INSN_IMM))); continue;
      case AND + R64: store<u64>(d, load<u64>(d) & load<u64>(s)); continue;
      case AND + K64: store<u64>(d, load<u64>(d) & load<u64>(i, INSN_IMM)); continue;
      case AND + R32: store<u64>(d, <u64><u32>(load<u32>(d) & load<u32>(s))); continue;
      case AND + K32: store<u64>(d, <u64><u32>(load<u32>(d) & load<u32>(i, INSN_IMM))); continue;
      case LSH + R64: store<u64>(d, load<u64>(d) << load<u64>(s)); continue;
      case LSH + K64: store<u64>(d, load<u64>(d) << load<u64>(i, INSN_IMM)); continue;
      case LSH + R32: store<u64>(d, <u64><u32>(load<u32>(d) << load<u32>(s))); continue;
      case LSH + K32: store<u64>(d, <u64><u32>(load<u32>(d) << load<u32>(i, INSN_IMM))); continue;
      case RSH + R64: store<u64>(d, load<u64>(d) >> load<u64>(s)); continue;
      case RSH + K64: store<u64>(d, load<u64>(d) >> load<u64>(i, INSN_IMM)); continue;
      case RSH + R32: store<u64>(d, <u64><u32>(load<u32>(d) >> load<u32>(s))); continue;
      case RSH + K32: store<u64>(d, <u64><u32>(load<u32>(d) >> load<u32>(i, INSN_IMM))); continue;
      case MOD + R64: store<u64>(d, mod64(load<u64>(d), load<u64>(s))); continue;
      case MOD + K64: store<u64>(d, mod64(load<u64>(d), load<u64>(i, INSN_IMM))); continue;
      case MOD + R32: store<u64>(d, <u64>mod32(load<u32>(d), load<u32>(s))); continue;
      case MOD + K32: store<u64>(d, <u64>mod32(load<u32>(d), load<u32>(i, INSN_IMM))); continue;
      case SMOD + R64: store<i64>(d, smod64(load<i64>(d), load<i64>(s))); continue;
      case SMOD + K64: store<i64>(d, smod64(load<i64>(d), load<i64>(i, INSN_IMM))); continue;
      case SMOD + R32: store<u64>(d, <u64><u32>smod32(load<i32>(d), load<i32>(s))); continue;
      case SMOD + K32: store<u64>(d, <u64><u32>smod32(load<i32>(d), load<i32>(i, INSN_IMM))); continue;
      case XOR + R64: store<u64>(d, load<u64>(d) ^ load<u64>(s)); continue;
      case XOR + K64: store<u64>(d, load<u64>(d) ^ load<u64>(i, INSN_IMM)); continue;
      case XOR + R32: store<u64>(d, <u64><u32>(load<u32>(d) ^ load<u32>(s))); continue;
      case XOR + K32: store<u64>(d, <u64><u32>(load<u32>(d) ^ load<u32>(i, INSN_IMM))); continue;
      case MOV + R64: store<u64>(d, load<u64>(s)); continue;
      case MOV + K64: store<u64>(d, load<u64>(i, INSN_IMM)); continue;
      case MOV + R32: store<u64>(d, <u64>load<u32>(s)); continue;
      case MOV + K32: store<u64>(d, <u64>load<u32>(i, INSN_IMM)); continue;
      case ARSH + R64: store<i64>(d, load<i64>(d) >> load<i64>(s)); continue;
      case ARSH + K64: store<i64>(d, load<i64>(d) >> load<i64>(i, INSN_IMM)); continue;
      case ARSH + R32: store<u64>(d, <u64><u32>(load<i32>(d) >> load<i32>(s))); continue;
      case ARSH + K32: store<u64>(d, <u64><u32>(load<i32>(d) >> load<i32>(i, INSN_IMM))); continue;
      case MOVSX8 + R64: store<i64>(d, <i64>load<i8>(s)); continue;
      case MOVSX8 + R32: store<u64>(d, <u64><u32><i32>load<i8>(s)); continue;
      case MOVSX16 + R64: store<i64>(d, <i64>load<i16>(s)); continue;
      case MOVSX16 + R32: store<u64>(d, <u64><u32><i32>load<i16>(s)); continue;
      case MOVSX32 + R64: store<i64>(d, <i64>load<i32>(s)); continue;
      case NEG + R64: store<u64>(d, 0 - load<u64>(d)); continue;
      case NEG + R32: store<u64>(d, <u64><u32>(0 - load<u32>(d))); continue;

      // Conditional jumps: a taken one leaves the switch.
      case JEQ + R64: if (load<u64>(d) == load<u64>(s)) break; continue;
      case JEQ + K64: if (load<u64>(d) == load<u64>(i, INSN_IMM)) break; continue;
      case JEQ + R32: if (load<u32>(d) == load<u32>(s)) break; continue;
      case JEQ + K32: if (load<u32>(d) == load<u32>(i, INSN_IMM)) break; continue;
      case JGT + R64: if (load<u64>(d) > load<u64>(s)) break; continue;
      case JGT + K64: if (load<u64>(d) > load<u64>(i, INSN_IMM)) break; continue;
      case JGT + R32: if (load<u32>(d) > load<u32>(s)) break; continue;
      case JGT + K32: if (load<u32>(d) > load<u32>(i, INSN_IMM)) break; continue;
      case JGE + R64: if (load<u64>(d) >= load<u64>(s)) break; continue;
      case JGE + K64: if (load<u64>(d) >= load<u64>(i, INSN_IMM)) break; continue;
      case JGE + R32: if (load<u32>(d) >= load<u32>(s)) break; continue;
      case JGE + K32: if (load<u32>(d) >= load<u32>(i, INSN_IMM)) break; continue;
      case JSET + R64: if ((load<u64>(d) & load<u64>(s)) != 0) break; continue;
      case JSET + K64: if ((load<u64>(d) & load<u64>(i, INSN_IMM)) != 0) break; continue;
      case JSET + R32: if ((load<u32>(d) & load<u32>(s)) != 0) break; continue;
      case JSET + K32: if ((load<u32>(d) & load<u32>(i, INSN_IMM)) != 0) break; continue;
      case JNE + R64: if (load<u64>(d) != load<u64>(s)) break; continue;
      case JNE + K64: if (load<u64>(d) != load<u64>(i, INSN_IMM)) break; continue;
      case JNE + R32: if (load<u32>(d) != load<u32>(s)) break; continue;
      case JNE + K32: if (load<u32>(d) != load<u32>(i, INSN_IMM)) break; continue;
      case JSGT + R64: if (load<i64>(d) > load<i64>(s)) break; continue;
      case JSGT + K64: if (load<i64>(d) > load<i64>(i, INSN_IMM)) break; continue;
      case JSGT + R32: if (load<i32>(d) > load<i32>(s)) break; continue;
      case JSGT + K32: if (load<i32>(d) > load<i32>(i, INSN_IMM)) break; continue;
      case JSGE + R64: if (load<i64>(d) >= load<i64>(s)) break; continue;
      case JSGE + K64: if (load<i64>(d) >= load<i64>(i, INSN_IMM)) break; continue;
      case JSGE + R32: if (load<i32>(d) >= load<i32>(s)) break; continue;
      case JSGE + K32: if (load<i32>(d) >= load<i32>(i, INSN_IMM)) break; continue;
      case JLT + R64: if (load<u64>(d) < load<u64>(s)) break; continue;
      case JLT + K64: if (load<u64>(d) < load<u64>(i, INSN_IMM)) break; continue;
      case JLT + R32: if (load<u32>(d) < load<u32>(s)) break; continue;
      case JLT + K32: if (load<u32>(d) < load<u32>(i, INSN_IMM)) break; continue;
      case JLE + R64: if (load<u64>(d) <= load<u64>(s)) break; continue;
      case JLE + K64: if (load<u64>(d) <= load<u64>(i, INSN_IMM)) break; continue;
      case JLE + R32: if (load<u32>(d) <= load<u32>(s)) break; continue;
      case JLE + K32: if (load<u32>(d) <= load<u32>(i, INSN_IMM)) break; continue;
      case JSLT + R64: if (load<i64>(d) < load<i64>(s)) break; continue;
      case JSLT + K64: if (load<i64>(d) < load<i64>(i, INSN_IMM)) break; continue;
      case JSLT + R32: if (load<i32>(d) < load<i32>(s)) break; continue;
      case JSLT + K32: if (load<i32>(d) < load<i32>(i, INSN_IMM)) break; continue;
      case JSLE + R64: if (load<i64>(d) <= load<i64>(s)) break; continue;
      case JSLE + K64: if (load<i64>(d) <= load<i64>(i, INSN_IMM)) break; continue;
      case JSLE + R32: if (load<i32>(d) <= load<i32>(s)) break; continue;
      case JSLE + K32: if (load<i32>(d) <= load<i32>(i, INSN_IMM)) break; continue;

      // Memory, trusted: the address is the low half of register + offset.
      case LDX8 + TRUSTED: store<u64>(d, load<u8>(place(s, i))); continue;
      case LDX16 + TRUSTED: store<u64>(d, load<u16>(place(s, i))); continue;
      case LDX32 + TRUSTED: store<u64>(d, load<u32>(place(s, i))); continue;
      case LDX64 + TRUSTED: store<u64>(d, load<u64>(place(s, i))); continue;
      case LDXS8 + TRUSTED: store<i64>(d, load<i8>(place(s, i))); continue;
      case LDXS16 + TRUSTED: store<i64>(d, load<i16>(place(s, i))); continue;
      case LDXS32 + TRUSTED: store<i64>(d, load<i32>(place(s, i))); continue;
      case STX8 + TRUSTED: store<u8>(place(d, i), load<u8>(s)); continue;
      case STX16 + TRUSTED: store<u16>(place(d, i), load<u16>(s)); continue;
      case STX32 + TRUSTED: store<u32>(place(d, i), load<u32>(s)); continue;
      case STX64 + TRUSTED: store<u64>(place(d, i), load<u64>(s)); continue;
      case ST8 + TRUSTED: store<u8>(place(d, i), load<u8>(i, INSN_IMM)); continue;
      case ST16 + TRUSTED: store<u16>(place(d, i), load<u16>(i, INSN_IMM)); continue;
      case ST32 + TRUSTED: store<u32>(place(d, i), load<u32>(i, INSN_IMM)); continue;
      case ST64 + TRUSTED: store<u64>(place(d, i), load<u64>(i, INSN_IMM)); continue;
      case ATOMIC32 + TRUSTED: atomic32(place(d, i), load<u32>(i, INSN_IMM), r, s); continue;
      case ATOMIC64 + TRUSTED: atomic64(place(d, i), load<u32>(i, INSN_IMM), r, s); continue;
      case LOAD_ACQUIRE + TRUSTED: store<u64>(d, loadAcquire(place(s, i), load<u32>(i, INSN_IMM))); continue;
      case STORE_RELEASE + TRUSTED: storeRelease(place(d, i), load<u32>(i, INSN_IMM), load<u64>(s)); continue;

      // Memory, sandboxed: 64-bit addresses, checked.
      case LDX8 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 1, 0)) return refuse(at, i - code, limit - left);
        store<u64>(d, load<u8>(<u32>at));
        continue;
      case LDX16 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 2, 0)) return refuse(at, i - code, limit - left);
        store<u64>(d, load<u16>(<u32>at));
        continue;
      case LDX32 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 4, 0)) return refuse(at, i - code, limit - left);
        store<u64>(d, load<u32>(<u32>at));
        continue;
      case LDX64 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 8, 0)) return refuse(at, i - code, limit - left);
        store<u64>(d, load<u64>(<u32>at));
        continue;
      case LDXS8 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 1, 0)) return refuse(at, i - code, limit - left);
        store<i64>(d, load<i8>(<u32>at));
        continue;
      case LDXS16 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 2, 0)) return refuse(at, i - code, limit - left);
        store<i64>(d, load<i16>(<u32>at));
        continue;
      case LDXS32 + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 4, 0)) return refuse(at, i - code, limit - left);
        store<i64>(d, load<i32>(<u32>at));
        continue;
      case STX8 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 1, 1)) return refuse(at, i - code, limit - left);
        store<u8>(<u32>at, load<u8>(s));
        continue;
      case STX16 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 2, 1)) return refuse(at, i - code, limit - left);
        store<u16>(<u32>at, load<u16>(s));
        continue;
      case STX32 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 4, 1)) return refuse(at, i - code, limit - left);
        store<u32>(<u32>at, load<u32>(s));
        continue;
      case STX64 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 8, 1)) return refuse(at, i - code, limit - left);
        store<u64>(<u32>at, load<u64>(s));
        continue;
      case ST8 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 1, 1)) return refuse(at, i - code, limit - left);
        store<u8>(<u32>at, load<u8>(i, INSN_IMM));
        continue;
      case ST16 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 2, 1)) return refuse(at, i - code, limit - left);
        store<u16>(<u32>at, load<u16>(i, INSN_IMM));
        continue;
      case ST32 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 4, 1)) return refuse(at, i - code, limit - left);
        store<u32>(<u32>at, load<u32>(i, INSN_IMM));
        continue;
      case ST64 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 8, 1)) return refuse(at, i - code, limit - left);
        store<u64>(<u32>at, load<u64>(i, INSN_IMM));
        continue;
      case ATOMIC32 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 4, 1)) return refuse(at, i - code, limit - left);
        if (at & 3) return refuseMisaligned(at, i - code, limit - left);
        atomic32(<u32>at, load<u32>(i, INSN_IMM), r, s);
        continue;
      case ATOMIC64 + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, 8, 1)) return refuse(at, i - code, limit - left);
        if (at & 7) return refuseMisaligned(at, i - code, limit - left);
        atomic64(<u32>at, load<u32>(i, INSN_IMM), r, s);
        continue;
      case LOAD_ACQUIRE + CHECKED:
        at = load<u64>(s) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, load<u32>(i, INSN_IMM), 0)) return refuse(at, i - code, limit - left);
        if (at & (load<u64>(i, INSN_IMM) - 1)) return refuseMisaligned(at, i - code, limit - left);
        store<u64>(d, loadAcquire(<u32>at, load<u32>(i, INSN_IMM)));
        continue;
      case STORE_RELEASE + CHECKED:
        at = load<u64>(d) + <u64>load<i32>(i, INSN_OFF);
        if (!inside(at, load<u32>(i, INSN_IMM), 1)) return refuse(at, i - code, limit - left);
        if (at & (load<u64>(i, INSN_IMM) - 1)) return refuseMisaligned(at, i - code, limit - left);
        storeRelease(<u32>at, load<u32>(i, INSN_IMM), load<u64>(s));
        continue;

      // Calls and unconditional jumps.
      case JA + SOLE: break;
      case MAY_GOTO + SOLE:
        if (load<u32>(r, WINDOW_LOOPS) == 0) break;
        store<u32>(r, load<u32>(r, WINDOW_LOOPS) - 1, WINDOW_LOOPS);
        continue;
      case CALL_HELPER + SOLE:
        limit = count(limit, left);
        helper(r, (i - code) / INSN_SIZE, load<u32>(i, INSN_IMM));
        continue;
      case CALL_KFUNC + SOLE:
        limit = count(limit, left);
        at = load<i32>(i, INSN_OFF);
        kfunc(r, (i - code) / INSN_SIZE, load<u32>(i, INSN_IMM), at == 0 ? 0 : i + <u32>at);
        continue;
      case CALL_LOCAL + SOLE:
        limit = count(limit, left);
        r = enterWindow(r, i, (i - code) / INSN_SIZE, load<u32>(i, INSN_IMM));
        pc = i + load<i32>(i, INSN_OFF);
        continue;
      case CALLX + SOLE:
        limit = count(limit, left);
        at = load<u64>(d);
        if (isHelperNumber(at)) {
          helperFrom(r, (i - code) / INSN_SIZE, <u32>at);
          continue;
        }
        r = enterFunction(r, i, (i - code) / INSN_SIZE, at);
        pc = entryOf(<u32>at);
        continue;
      case TAIL_CALL + SOLE:
        limit = count(limit, left);
        at = tailCallFrom(r, (i - code) / INSN_SIZE);
        if (at == 0) continue;
        code = codeOf(r);
        pc = <u32>at;
        continue;
      case EXIT + SOLE:
        if (r == base) return end(limit - left);
        r = leaveWindow(r);
        pc = load<u32>(r, WINDOW_RETURN);
        code = codeOf(r);
        continue;
      case LDDW + SOLE: store<u64>(d, load<u64>(i, INSN_IMM)); pc += INSN_SIZE; continue;
      case BSWAP16 + SOLE: store<u64>(d, <u64>bswap<u16>(load<u16>(d))); continue;
      case BSWAP32 + SOLE: store<u64>(d, <u64>bswap<u32>(load<u32>(d))); continue;
      case BSWAP64 + SOLE: store<u64>(d, <u64>bswap<u64>(load<u64>(d))); continue;
      case LD_ABS + SOLE:
      case LD_IND + SOLE:
        at = <i32>load<u8>(i, INSN_OP) == LD_IND ? load<u64>(s) : 0;
        at = packetLoad(<i32>at + load<i32>(i, INSN_IMM), load<u32>(i, INSN_OFF));
        if (<i64>at != -1) {
          store<u64>(r, at);
          continue;
        }
        store<u64>(r, 0);
        if (r == base) return end(limit - left);
        r = leaveWindow(r);
        pc = load<u32>(r, WINDOW_RETURN);
        code = codeOf(r);
        continue;
      case ARENA + SOLE: arenaAccess(r, i); continue;
      default:
        return fail(TRAP_UNSUPPORTED, i - code, load<u8>(i, INSN_OP), limit - left);
    }

    // A jump was taken. Backwards it costs what lies between.
    const delta = load<i32>(i, INSN_OFF);
    if (delta <= 0 && load<u32>(run, RUN_SANDBOX) != 0) {
      const fuel = load<i64>(run, RUN_FUEL) - <i64>(1 - delta / INSN_SIZE);
      if (fuel < 0) return fail(TRAP_BUDGET, i - code, 1 - delta / INSN_SIZE, limit - left);
      store<i64>(run, fuel, RUN_FUEL);
    }
    pc = i + delta;
  }
}

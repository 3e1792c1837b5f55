/** Accesses of proved programs to their arena, see arenaAddress. */
import { ARENA_ALIGNED, PROG_ARENA, RUN_PROG } from '../../src/abi/layout';
import {
  ATOMIC32,
  ATOMIC64,
  INSN_ARENA_OP,
  INSN_DST,
  INSN_IMM,
  INSN_OFF,
  INSN_SRC,
  LDX16,
  LDX32,
  LDX64,
  LDX8,
  LDXS16,
  LDXS32,
  LDXS8,
  LOAD_ACQUIRE,
  ST16,
  ST32,
  ST64,
  ST8,
  STORE_RELEASE,
  STX16,
  STX32,
  STX64,
  STX8,
} from '../../src/interp/opcodes';
import { arenaAddress } from '../maps/arena';
import { run } from '../run/state';
import { atomic32, atomic64, loadAcquire, storeRelease } from './atomic';

function sizeOf(op: u32, imm: u32): u32 {
  switch (op) {
    case LDX8: case LDXS8: case STX8: case ST8: return 1;
    case LDX16: case LDXS16: case STX16: case ST16: return 2;
    case LDX32: case LDXS32: case STX32: case ST32: return 4;
    case ATOMIC32: return 4 | ARENA_ALIGNED;
    case ATOMIC64: return 8 | ARENA_ALIGNED;
    case LOAD_ACQUIRE: case STORE_RELEASE: return imm | ARENA_ALIGNED;
    default: return 8;
  }
}

function isLoad(op: u32): bool {
  return (op >= <u32>LDX8 && op <= <u32>LDXS32) || op == LOAD_ACQUIRE;
}

/** Executes the access `i` in the window `r`. */
export function arenaAccess(r: u32, i: u32): void {
  const op = load<u8>(i, INSN_ARENA_OP) as u32;
  const d = r + load<u8>(i, INSN_DST);
  const s = r + load<u8>(i, INSN_SRC);
  const imm = load<u32>(i, INSN_IMM);
  const map = load<u32>(load<u32>(run, RUN_PROG), PROG_ARENA);
  const at = arenaAddress(map, load<u32>(isLoad(op) ? s : d) + load<u32>(i, INSN_OFF), sizeOf(op, imm));
  switch (op) {
    case LDX8: store<u64>(d, load<u8>(at)); return;
    case LDX16: store<u64>(d, load<u16>(at)); return;
    case LDX32: store<u64>(d, load<u32>(at)); return;
    case LDX64: store<u64>(d, load<u64>(at)); return;
    case LDXS8: store<i64>(d, load<i8>(at)); return;
    case LDXS16: store<i64>(d, load<i16>(at)); return;
    case LDXS32: store<i64>(d, load<i32>(at)); return;
    case STX8: store<u8>(at, load<u8>(s)); return;
    case STX16: store<u16>(at, load<u16>(s)); return;
    case STX32: store<u32>(at, load<u32>(s)); return;
    case STX64: store<u64>(at, load<u64>(s)); return;
    case ST8: store<u8>(at, imm as u8); return;
    case ST16: store<u16>(at, imm as u16); return;
    case ST32: store<u32>(at, imm); return;
    case ST64: store<u64>(at, load<u64>(i, INSN_IMM)); return;
    case ATOMIC32: atomic32(at, imm, r, s); return;
    case ATOMIC64: atomic64(at, imm, r, s); return;
    case LOAD_ACQUIRE: store<u64>(d, loadAcquire(at, imm)); return;
    default: storeRelease(at, imm, load<u64>(s));
  }
}

/** The ways out of the loop. Each counts the instructions done; each returns what `interpret` then returns. */
import { RUN_INSNS } from '../../src/abi/layout';
import { TRAP_MEMORY, TRAP_MISALIGNED } from '../../src/abi/traps';
import { INSN_SIZE } from '../../src/interp/opcodes';
import { RUN_PAUSED } from '../../src/interp/window';
import { run } from '../run/state';
import { trap } from '../run/trap';

/** Counts what was done of `limit` so far; returns the limit for the rest. */
export function count(limit: u64, left: u64): u64 {
  store<u64>(run, load<u64>(run, RUN_INSNS) + (limit - left), RUN_INSNS);
  return left;
}

export function end(done: u64): u32 {
  count(done, 0);
  return 0;
}

/** The window `r` goes on at the instruction `pc`. */
export function pause(r: u32, pc: u32, done: u64): u32 {
  count(done, 0);
  store<u32>(run, r, RUN_PAUSED);
  return pc;
}

/** A trap of the instruction `offset` bytes into the program. */
export function fail(kind: u32, offset: u32, value: u64, done: u64): u32 {
  count(done, 0);
  trap(kind, offset / INSN_SIZE, value);
  return 0;
}

export function refuse(address: u64, offset: u32, done: u64): u32 {
  return fail(TRAP_MEMORY, offset, address, done);
}

export function refuseMisaligned(address: u64, offset: u32, done: u64): u32 {
  return fail(TRAP_MISALIGNED, offset, address, done);
}

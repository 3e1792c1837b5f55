import { RUN_RECORD, RUN_TRAP, RUN_TRAP_VALUE } from '../../src/abi/layout';
import { THROWN } from '../../src/abi/traps';
import { finish, finishLater } from '../run/begin';
import { run } from '../run/state';

/** bpf_throw(cookie): ends the run from whatever function it is in; r0 is the cookie. */
export function bpf_throw(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const record = load<u32>(run, RUN_RECORD);
  if (record) finish(record, r1);
  else finishLater();
  store<u32>(run, THROWN, RUN_TRAP);
  store<u64>(run, r1, RUN_TRAP_VALUE);
  return unreachable();
}

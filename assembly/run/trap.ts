import { REC_TRAP, RUN_RECORD, RUN_TRAP, RUN_TRAP_PC, RUN_TRAP_VALUE } from '../../src/abi/layout';
import { abandonRecords } from '../rings/outstanding';
import { stopDraining } from '../rings/draining';
import { giveBackAll } from '../sockets/held';
import { releaseLock } from './held';
import { giveAllOwned } from './owned';
import { writeBack } from './record';
import { run } from './state';

/** Records why the run ends (TRAP_*, slot, refused address or value) and unwinds to the host. */
export function trap(kind: u32, pc: u32, value: u64): void {
  store<u32>(run, kind, RUN_TRAP);
  store<u32>(run, pc, RUN_TRAP_PC);
  store<u64>(run, value, RUN_TRAP_VALUE);
  const record = load<u32>(run, RUN_RECORD);
  if (record != 0) {
    store<u32>(record, kind, REC_TRAP);
    writeBack(record);
  }
  abandonRecords();
  giveBackAll();
  stopDraining();
  releaseLock();
  giveAllOwned();
  unreachable();
}

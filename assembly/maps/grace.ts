/**
 * Which runs of other CPUs have ended: what a map has given up may be looked at until then. A CPU is in a run while its
 * batch and the index in it stay what they are (as RCU's quiescent states; McKenney, Slingwine, 1998). Both are stored
 * before the run's first look at a map and after the last one of the run before, an order that processors keep.
 */
import { HDR_NCPU, HDR_RUNS, HEADER, RUN_BATCH, RUN_BATCH_INDEX, RUN_SIZE, RUN_WAITS } from '../../src/abi/layout';
import { run } from '../run/state';

/** Bytes of a note for each CPU. */
const NOTE: u32 = 8;

/** What goes on: nothing that was noted, runs of CPUs that wait themselves, or of others. */
export const PASSED: u32 = 0;
export const WAITING: u32 = 1;
export const RUNNING: u32 = 2;

export function noteBytes(): u64 {
  return (load<u32>(HEADER, HDR_NCPU) as u64) * NOTE;
}

@inline
function runOf(cpu: u32): u32 {
  return load<u32>(HEADER, HDR_RUNS) + cpu * RUN_SIZE;
}

/** Notes which runs go on now. */
export function note(notes: u32): void {
  // Nobody finds what was unlinked before this: an atomic change orders stores before loads.
  atomic.add<u32>(run, 0, RUN_WAITS);
  const cpus = load<u32>(HEADER, HDR_NCPU);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    const at = notes + cpu * NOTE;
    store<u32>(at, atomic.load<u32>(runOf(cpu), RUN_BATCH));
    store<u32>(at, atomic.load<u32>(runOf(cpu), RUN_BATCH_INDEX), 4);
  }
}

/** Whether the run of a CPU that was noted still goes on. */
@inline
function isInRun(notes: u32, cpu: u32): bool {
  const at = notes + cpu * NOTE;
  const batch = load<u32>(at);
  if (batch == 0 || batch != atomic.load<u32>(runOf(cpu), RUN_BATCH)) return false;
  return load<u32>(at, 4) == atomic.load<u32>(runOf(cpu), RUN_BATCH_INDEX);
}

/** What goes on of the runs that were noted. The run that asks counts as one that waits. */
export function goesOn(notes: u32): u32 {
  let found = PASSED;
  const cpus = load<u32>(HEADER, HDR_NCPU);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (!isInRun(notes, cpu)) continue;
    const other = runOf(cpu);
    if (other != run && atomic.load<u32>(other, RUN_WAITS) == 0) return RUNNING;
    found = WAITING;
  }
  return found;
}

/** Nobody waits again for the runs that go on: their threads may have been ended. Their next batch counts again. */
export function giveUpOn(notes: u32): void {
  const cpus = load<u32>(HEADER, HDR_NCPU);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (isInRun(notes, cpu)) atomic.store<u32>(runOf(cpu), 1, RUN_WAITS);
  }
}

export function setWaits(waits: bool): void {
  atomic.store<u32>(run, waits ? 1 : 0, RUN_WAITS);
}

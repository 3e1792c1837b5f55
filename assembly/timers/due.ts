/** Runs what is due, when the host says that time has come. */
import { FUNC_PROG, FUNC_SLOTS, MAP_TYPE, MAX_FRAMES, PROG_SANDBOX, RUN_CPU, RUN_STACK_TOP } from '../../src/abi/layout';
import { MAP_TYPE_ARRAY } from '../../src/abi/maps';
import { keyAt } from '../maps/chain';
import { keyWindowAt, slotOf } from '../maps/descriptor';
import { copyKey } from '../maps/key';
import { beginLater, finishLater } from '../run/begin';
import { spendCall } from '../run/call';
import { enter } from '../run/callback';
import { run } from '../run/state';
import {
  disarm,
  E_FUNC,
  E_MAP,
  E_RUNNING,
  E_VALUE,
  entryOf,
  expiresOf,
  firstArmed,
  lockLater,
  sequenceOf,
  unlockLater,
} from './table';

/** When the first is due, in ns of the monotonic (or the virtual) clock; -1 when none is armed. */
export function laterDue(): i64 {
  lockLater();
  const number = firstArmed();
  const due = number ? expiresOf(number) : -1;
  unlockLater();
  return due;
}

/** Takes the first that is due at `now` and was armed before `sequence`; 0 when there is none. */
function takeDue(now: i64, sequence: u64): u32 {
  const number = firstArmed();
  if (number == 0 || expiresOf(number) > now || sequenceOf(number) >= sequence) return 0;
  disarm(number);
  store<u32>(entryOf(number), load<u32>(run, RUN_CPU) + 1, E_RUNNING);
  return number;
}

/** Key of the element with that value, in a place that no callback below uses: the last frame calls none. */
function keyOf(map: u32, value: u32): u32 {
  const key = keyWindowAt(map, MAX_FRAMES - 1);
  const slot = slotOf(map, value);
  if (load<u32>(map, MAP_TYPE) == MAP_TYPE_ARRAY) store<u32>(key, slot);
  else copyKey(map, key, keyAt(map, slot));
  return key;
}

function call(func: u32, map: u32, value: u32): void {
  const prog = load<u32>(func, FUNC_PROG);
  beginLater(prog);
  if (load<u32>(prog, PROG_SANDBOX)) spendCall(load<u32>(func, FUNC_SLOTS), 0);
  enter(func, map, keyOf(map, value), value, 0, 0, load<u32>(run, RUN_STACK_TOP));
  finishLater();
}

/**
 * Runs the first callback that is due at `now` and was asked for before `sequence` (a value of HDR_LATER_SEQUENCE), as a
 * run of its own. 0 when there is none. A trap unwinds it, as it does a run.
 */
export function laterRun(now: i64, sequence: u64): u32 {
  lockLater();
  const number = takeDue(now, sequence);
  if (number == 0) {
    unlockLater();
    return 0;
  }
  const entry = entryOf(number);
  const func = load<u32>(entry, E_FUNC);
  const map = load<u32>(entry, E_MAP);
  const value = load<u32>(entry, E_VALUE);
  unlockLater();
  laterRunning = number;
  if (func) call(func, map, value);
  laterEnd();
  return 1;
}

/** Number of what runs now in this thread, or 0. */
let laterRunning: u32 = 0;

/** The callback is over; the host says so where it was stopped. */
export function laterEnd(): void {
  if (laterRunning == 0) return;
  lockLater();
  const entry = entryOf(laterRunning);
  if (load<u32>(entry, E_RUNNING) == load<u32>(run, RUN_CPU) + 1) store<u32>(entry, 0, E_RUNNING);
  laterRunning = 0;
  unlockLater();
}

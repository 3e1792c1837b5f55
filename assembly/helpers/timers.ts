import { HDR_CLOCK_VIRTUAL, HEADER, LATER_TIMER, RUN_CPU } from '../../src/abi/layout';
import { EDEADLK, EINVAL } from '../../src/abi/maps';
import { boottime, monotonic, realtime } from '../env';
import { functionArgument, mapArgument } from '../run/sandbox';
import { run } from '../run/state';
import { checkField, fieldArgument } from '../timers/fields';
import { initLater, setLater } from '../timers/setup';
import {
  arm,
  disarm,
  E_CLOCK,
  E_FUNC,
  E_RUNNING,
  entryOf,
  lockLater,
  numberIn,
  unlockLater,
} from '../timers/table';
import { errno } from './arguments';
import { bpf_ktime_get_ns } from './time';

// struct bpf_timer: kernel/bpf/helpers.c. Time is that of the monotonic clock, or virtual.

const CLOCK_REALTIME: u64 = 0;
const CLOCK_MONOTONIC: u64 = 1;
const CLOCK_BOOTTIME: u64 = 7;
const TIMER_ABS: u64 = 1;
const TIMER_CPU_PIN: u64 = 2;

/** bpf_timer_init(timer, map, flags): the flags are a clock. */
export function bpf_timer_init(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r2);
  const field = fieldArgument(r1);
  if (r3 != CLOCK_REALTIME && r3 != CLOCK_MONOTONIC && r3 != CLOCK_BOOTTIME) return errno(-EINVAL);
  checkField(map, field, LATER_TIMER);
  return errno(initLater(field, map, LATER_TIMER, r3 as u32));
}

/** bpf_timer_set_callback(timer, callback) */
export function bpf_timer_set_callback(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(setLater(fieldArgument(r1), functionArgument(r2)));
}

/** What the clock of a timer is ahead of the monotonic one, ns. */
function ahead(clock: u32): i64 {
  if (load<u32>(HEADER, HDR_CLOCK_VIRTUAL)) return 0;
  if (clock == CLOCK_REALTIME) return (realtime() - monotonic()) as i64;
  return clock == CLOCK_BOOTTIME ? ((boottime() - monotonic()) as i64) : 0;
}

/** When a timer is due; times that have passed are due at once, and sums end at the last time there is. */
function expiry(nsecs: i64, flags: u64, clock: u32): i64 {
  if (flags & TIMER_ABS) return max<i64>(nsecs - ahead(clock), 0);
  const now = bpf_ktime_get_ns(0, 0, 0, 0, 0) as i64;
  return nsecs > i64.MAX_VALUE - now ? i64.MAX_VALUE : now + max<i64>(nsecs, 0);
}

/** bpf_timer_start(timer, nsecs, flags): of a running one: anew. */
export function bpf_timer_start(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const field = fieldArgument(r1);
  if (r3 & ~(TIMER_ABS | TIMER_CPU_PIN)) return errno(-EINVAL);
  lockLater();
  const number = numberIn(field);
  const isReady = number != 0 && load<u32>(entryOf(number), E_FUNC) != 0;
  if (isReady) arm(number, expiry(r2 as i64, r3, load<u32>(entryOf(number), E_CLOCK)));
  unlockLater();
  return errno(isReady ? 0 : -EINVAL);
}

/** bpf_timer_cancel(timer): 1 when it was running, else 0; its callback is gone. In its own callback: -EDEADLK. */
export function bpf_timer_cancel(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const field = fieldArgument(r1);
  lockLater();
  const number = numberIn(field);
  const result = number ? cancel(number) : -EINVAL;
  unlockLater();
  return errno(result);
}

function cancel(number: u32): i32 {
  const entry = entryOf(number);
  if (load<u32>(entry, E_RUNNING) == load<u32>(run, RUN_CPU) + 1) return -EDEADLK;
  store<u32>(entry, 0, E_FUNC);
  return disarm(number) ? 1 : 0;
}

import { LATER_WORK } from '../../src/abi/layout';
import { EINVAL } from '../../src/abi/maps';
import { errno } from '../helpers/arguments';
import { bpf_ktime_get_ns } from '../helpers/time';
import { functionArgument, mapArgument } from '../run/sandbox';
import { checkField, fieldArgument } from '../timers/fields';
import { initLater, setLater } from '../timers/setup';
import { arm, isArmed, lockLater, numberIn, unlockLater } from '../timers/table';

// struct bpf_wq: kernel/bpf/helpers.c. Work is done where the host runs timers, before those that are due later.

/** bpf_wq_init(wq, map, flags) */
export function bpf_wq_init(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r2);
  const field = fieldArgument(r1);
  if (r3 as u32) return errno(-EINVAL);
  checkField(map, field, LATER_WORK);
  return errno(initLater(field, map, LATER_WORK, 0));
}

/** bpf_wq_set_callback_impl(wq, callback, flags) */
export function bpf_wq_set_callback_impl(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const field = fieldArgument(r1);
  if (r3 as u32) return errno(-EINVAL);
  return errno(setLater(field, functionArgument(r2)));
}

/** bpf_wq_start(wq, flags): once, when it is asked for several times before it is done. */
export function bpf_wq_start(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const field = fieldArgument(r1);
  if (r2 as u32) return errno(-EINVAL);
  lockLater();
  const number = numberIn(field);
  if (number != 0 && !isArmed(number)) arm(number, bpf_ktime_get_ns(0, 0, 0, 0, 0) as i64);
  unlockLater();
  return errno(number ? 0 : -EINVAL);
}

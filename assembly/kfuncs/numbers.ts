import { EINVAL, E2BIG } from '../../src/abi/maps';
import { errno } from '../helpers/arguments';
import { argument } from '../run/sandbox';

// struct bpf_iter_num: i32 of the element before, i32 behind the last.

const SIZE: u32 = 8;
const END: u32 = 4;
/** BPF_MAX_LOOPS. */
const LOOPS_MAX: i64 = 1 << 23;

function exhaust(iterator: u32): void {
  store<u64>(iterator, 0);
}

/** bpf_iter_num_new(it, start, end) */
export function bpf_iter_num_new(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const iterator = argument(r1, SIZE, 1);
  const start = r2 as i32;
  const end = r3 as i32;
  exhaust(iterator);
  if (start > end) return errno(-EINVAL);
  if ((end as i64) - (start as i64) > LOOPS_MAX) return errno(-E2BIG);
  store<i32>(iterator, start - 1);
  store<i32>(iterator, end, END);
  return 0;
}

/** bpf_iter_num_next(it): address of the element, in the iterator itself, or 0. */
export function bpf_iter_num_next(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const iterator = argument(r1, SIZE, 1);
  const next = load<i32>(iterator) + 1;
  if (next >= load<i32>(iterator, END)) {
    exhaust(iterator);
    return 0;
  }
  store<i32>(iterator, next);
  return iterator;
}

/** bpf_iter_num_destroy(it) */
export function bpf_iter_num_destroy(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  exhaust(argument(r1, SIZE, 1));
  return 0;
}

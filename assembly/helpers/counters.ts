import { MAP_MAX_ENTRIES, RUN_CPU } from '../../src/abi/layout';
import { E2BIG, EINVAL, MAP_TYPE_PERF_EVENT_ARRAY } from '../../src/abi/maps';
import { HOST_COUNTER } from '../../src/abi/services';
import { RUN_COUNTER, RUN_EVENT_VALUE, RUN_HAS_EVENT_VALUE } from '../../src/abi/tracing';
import { hostHelper } from '../env';
import { copy, zero } from '../memory/bytes';
import { run } from '../run/state';
import { anyContextArgument, errno, memoryArgument, typedMap } from './arguments';

// Counters of perf events, which the host reads: kernel/trace/bpf_trace.c.

/** BPF_F_INDEX_MASK; all of it is BPF_F_CURRENT_CPU. */
const INDEX: u64 = 0xffff_ffff;
/** struct bpf_perf_event_value */
const VALUE_SIZE: u64 = 24;

/** Has the host put the counter's value in the run's state. 0 or a negative error number. */
function readCounter(map: u32, flags: u64): i64 {
  if (flags & ~INDEX) return -EINVAL;
  const index = flags == INDEX ? load<u32>(run, RUN_CPU) : (flags as u32);
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return -E2BIG;
  return hostHelper(HOST_COUNTER, map, index, run + RUN_COUNTER, 0, 0);
}

/** bpf_perf_event_read(map, flags): by the host's `perfCounter`; its errors cannot be told from counts. */
export function bpf_perf_event_read(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const error = readCounter(typedMap(r1, MAP_TYPE_PERF_EVENT_ARRAY), r2);
  return error ? error : load<u64>(run, RUN_COUNTER);
}

/** bpf_perf_event_read_value(map, flags, buf, size): by the host's `perfCounter`; zeros and an error without a counter. */
export function bpf_perf_event_read_value(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r1, MAP_TYPE_PERF_EVENT_ARRAY);
  const to = memoryArgument(r3, r4, 1);
  const error = r4 == VALUE_SIZE ? readCounter(map, r2) : -EINVAL;
  if (error) zero(to, r4 as u32);
  else copy(to, run + RUN_COUNTER, VALUE_SIZE as u32);
  return error;
}

/** bpf_perf_prog_read_value(ctx, buf, size): of the event that the program is run for; zeros and an error without one. */
export function bpf_perf_prog_read_value(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContextArgument(r1);
  const to = memoryArgument(r2, r3, 1);
  if (r3 == VALUE_SIZE && load<u32>(run, RUN_HAS_EVENT_VALUE)) {
    copy(to, run + RUN_EVENT_VALUE, VALUE_SIZE as u32);
    return 0;
  }
  zero(to, r3 as u32);
  return errno(-EINVAL);
}

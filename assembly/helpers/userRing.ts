import { MAP_TYPE, RUN_SAMPLE } from '../../src/abi/layout';
import { EBUSY, EINVAL, MAP_TYPE_USER_RINGBUF } from '../../src/abi/maps';
import { initialise, TYPE_LOCAL } from '../dynptr/dynptr';
import { startDraining, stopDraining } from '../rings/draining';
import { ringOf } from '../rings/maps';
import { isStuck, ringDrop, ringFirst } from '../rings/ring';
import { invoke } from '../run/callback';
import { functionArgument, mapArgument } from '../run/sandbox';
import { run } from '../run/state';
import { errno, refuse } from './arguments';

const WAKEUP: u64 = 3;
/** BPF_MAX_USER_RINGBUF_SAMPLES */
const SAMPLES_MAX: u32 = 128 * 1024;

/** What the callback is handed: the dynptr of the sample, which only helpers look into. */
function sampleDynptr(sample: u32, length: u32): u32 {
  const dynptr = run + RUN_SAMPLE;
  initialise(dynptr, sample, TYPE_LOCAL, length);
  return dynptr;
}

function drain(ring: u32, callback: u32, context: u64): u64 {
  const lengthOut = run + RUN_SAMPLE;
  for (let samples: u32 = 0; samples < SAMPLES_MAX; ++samples) {
    const sample = ringFirst(ring, lengthOut);
    if (sample == 0) return isStuck(ring) ? errno(-EBUSY) : samples;
    const dynptr = sampleDynptr(sample, load<u32>(lengthOut));
    const ends = invoke(callback, dynptr, context, 0, 0, 0) != 0;
    ringDrop(ring);
    if (ends) return samples + 1;
  }
  return SAMPLES_MAX;
}

/** bpf_user_ringbuf_drain(map, callback, ctx, flags): how many samples were taken. */
export function bpf_user_ringbuf_drain(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  const callback = functionArgument(r2);
  if (load<u32>(map, MAP_TYPE) != MAP_TYPE_USER_RINGBUF) refuse(r1);
  if (r4 & ~WAKEUP) return errno(-EINVAL);
  const ring = ringOf(map, 0);
  if (!startDraining(ring)) return errno(-EBUSY);
  const result = drain(ring, callback, r3);
  stopDraining();
  return result;
}

import { CTX_MEMORY, HDR_NCPU, HEADER, MAP_MAX_ENTRIES, RUN_CPU, RUN_PKT_DATA } from '../../src/abi/layout';
import {
  E2BIG,
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOSPC,
  EOPNOTSUPP,
  MAP_TYPE_PERF_EVENT_ARRAY,
  MAP_TYPE_RINGBUF,
} from '../../src/abi/maps';
import { copy } from '../memory/bytes';
import { ringOf } from '../rings/maps';
import { forgetRecord, mayReserve, rememberRecord } from '../rings/outstanding';
import {
  commit,
  R_CONSUMER,
  R_PRODUCER,
  R_SIZE,
  RECORD_HEADER,
  reservedHeader,
  ringReserve,
  ringWrite,
  WAKEUP_FLAGS,
} from '../rings/ring';
import { run } from '../run/state';
import { anyContextArgument, charge, contextKind, errno, memoryArgument, refuse, typedMap } from './arguments';
import { packetLength } from './packet';

const CURRENT_CPU: u64 = 0xffff_ffff;
const CTXLEN_MASK: u64 = 0xf_ffff_0000_0000;

@inline
function ringbuf(map: u64): u32 {
  return ringOf(typedMap(map, MAP_TYPE_RINGBUF), 0);
}

/** bpf_ringbuf_output(ringbuf, data, size, flags) */
export function bpf_ringbuf_output(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const ring = ringbuf(r1);
  const data = memoryArgument(r2, r3, 0);
  if (r4 & ~WAKEUP_FLAGS) return errno(-EINVAL);
  return ringWrite(ring, data, r3 as u32) ? 0 : errno(-EAGAIN);
}

/** bpf_ringbuf_reserve(ringbuf, size, flags): address of the record; 0 without room, or when a run holds too many. */
export function bpf_ringbuf_reserve(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const ring = ringbuf(r1);
  if (r3 || !mayReserve()) return 0;
  const data = ringReserve(ring, r2);
  if (data) rememberRecord(reservedHeader(ring, data));
  return data;
}

/** Ends a reservation. The map's address stands before the record: a forged one is refused like any wrong map. */
@inline
function finish(r1: u64, discard: bool): void {
  const before = memoryArgument(r1 - RECORD_HEADER, RECORD_HEADER, 0);
  const header = reservedHeader(ringbuf(load<u64>(before)), r1 as u32);
  if (header == 0) refuse(r1);
  forgetRecord(header);
  commit(header, discard);
}

export function bpf_ringbuf_submit(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  finish(r1, false);
  return 0;
}

export function bpf_ringbuf_discard(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  finish(r1, true);
  return 0;
}

/** bpf_ringbuf_query(ringbuf, flags): BPF_RB_AVAIL_DATA, RING_SIZE, CONS_POS, PROD_POS; 0 for others. */
export function bpf_ringbuf_query(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const ring = ringbuf(r1);
  if (r2 == 0) return load<u64>(ring, R_PRODUCER) - load<u64>(ring, R_CONSUMER);
  if (r2 == 1) return load<u32>(ring, R_SIZE);
  if (r2 == 2) return load<u64>(ring, R_CONSUMER);
  return r2 == 3 ? load<u64>(ring, R_PRODUCER) : 0;
}

/** Of the packet, as many bytes as the upper half of the flags asks for; more than there are is an error. */
function packetBytes(flags: u64): i32 {
  const asked = ((flags & CTXLEN_MASK) >> 32) as u32;
  const length: u32 = contextKind() == CTX_MEMORY ? 0 : packetLength();
  return asked > length ? -EFAULT : (asked as i32);
}

/** An index names a CPU; events are open on every CPU, and only the running one's can be written to. */
function perfError(map: u32, index: u64): i32 {
  const cpu = index == CURRENT_CPU ? load<u32>(run, RUN_CPU) : (index as u32);
  if (cpu >= load<u32>(map, MAP_MAX_ENTRIES)) return -E2BIG;
  if (cpu >= load<u32>(HEADER, HDR_NCPU)) return -ENOENT;
  return cpu == load<u32>(run, RUN_CPU) ? 0 : -EOPNOTSUPP;
}

function writeSample(ring: u32, data: u32, size: u32, packet: u32): i32 {
  charge(packet);
  const to = ringReserve(ring, (size as u64) + packet);
  if (to == 0) return -ENOSPC;
  copy(to, data, size);
  copy(to + size, load<u32>(run, RUN_PKT_DATA), packet);
  commit(reservedHeader(ring, to), false);
  return 0;
}

/** A sample, with as many bytes of the packet behind it as the flags ask for. */
function output(r2: u64, r3: u64, r4: u64, r5: u64, allowed: u64): u64 {
  const map = typedMap(r2, MAP_TYPE_PERF_EVENT_ARRAY);
  const data = memoryArgument(r4, r5, 0);
  if (r3 & ~allowed) return errno(-EINVAL);
  const packet = packetBytes(r3);
  if (packet < 0) return errno(packet);
  const error = perfError(map, r3 & CURRENT_CPU);
  if (error) return errno(error);
  return errno(writeSample(ringOf(map, load<u32>(run, RUN_CPU)), data, r5 as u32, packet));
}

/** bpf_perf_event_output(ctx, map, flags, data, size); packet programs may append bytes of the packet. */
export function bpf_perf_event_output(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  anyContextArgument(r1);
  return output(r2, r3, r4, r5, contextKind() == CTX_MEMORY ? CURRENT_CPU : CURRENT_CPU | CTXLEN_MASK);
}

/** bpf_skb_output(skb, map, flags, data, size): for programs that trace; they have no packet to append (-EFAULT). */
export function bpf_skb_output(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return output(r2, r3, r4, r5, CURRENT_CPU | CTXLEN_MASK);
}

/** bpf_xdp_output(xdp, map, flags, data, size): as bpf_skb_output. */
export function bpf_xdp_output(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpf_skb_output(r1, r2, r3, r4, r5);
}

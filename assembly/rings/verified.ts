import { EAGAIN, EINVAL } from '../../src/abi/maps';
import { M_TYPE } from '../maps/descriptor';
import { commit, RECORD_HEADER, reservedHeader, ringReserve, ringWrite, WAKEUP_FLAGS } from './ring';

// The ring buffer helpers for verified programs, whose maps are ring buffers and whose records are submitted. See
// RuntimeExports.

function ringOfMap(map: u32): u32 {
  return map + M_TYPE;
}

export function ringbufOutput(map: u32, data: u32, size: u64, flags: u64): i32 {
  if (flags & ~WAKEUP_FLAGS) return -EINVAL;
  return ringWrite(ringOfMap(map), data, size as u32) ? 0 : -EAGAIN;
}

export function ringbufReserve(map: u32, size: u64, flags: u64): u32 {
  return flags ? 0 : ringReserve(ringOfMap(map), size);
}

/** The map's address stands before the record. */
@inline
function finish(record: u32, discard: bool): void {
  commit(reservedHeader(ringOfMap(load<u32>(record - RECORD_HEADER)), record), discard);
}

export function ringbufSubmit(record: u32): void {
  finish(record, false);
}

export function ringbufDiscard(record: u32): void {
  finish(record, true);
}

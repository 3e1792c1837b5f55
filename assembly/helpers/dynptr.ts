import { EINVAL } from '../../src/abi/maps';
import { isMemory, bytesAt, readFrom, writeTo } from '../dynptr/access';
import {
  dataOf,
  dynptrArgument,
  initialise,
  isNull,
  isReadOnly,
  setNull,
  sizeError,
  TYPE_LOCAL,
  TYPE_RINGBUF,
} from '../dynptr/dynptr';
import { errno, memoryArgument } from './arguments';
import { bpf_ringbuf_discard, bpf_ringbuf_reserve, bpf_ringbuf_submit } from './rings';

// Dynptrs: kernel/bpf/helpers.c and ringbuf.c. One that could not be made is null.

function fail(dynptr: u32, error: i32): u64 {
  setNull(dynptr);
  return errno(error);
}

/** bpf_dynptr_from_mem(data, size, flags, ptr) */
export function bpf_dynptr_from_mem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r4, 1);
  const size = r2 as u32;
  const error = sizeError(size);
  if (error) return fail(dynptr, error);
  if (r3) return fail(dynptr, -EINVAL);
  memoryArgument(r1, size, 1);
  initialise(dynptr, r1 as u32, TYPE_LOCAL, size);
  return 0;
}

/** bpf_ringbuf_reserve_dynptr(ringbuf, size, flags, ptr) */
export function bpf_ringbuf_reserve_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r4, 1);
  const size = r2 as u32;
  if (r3) return fail(dynptr, -EINVAL);
  const error = sizeError(size);
  if (error) return fail(dynptr, error);
  const record = bpf_ringbuf_reserve(r1, size, 0, 0, 0);
  if (record == 0) return fail(dynptr, -EINVAL);
  initialise(dynptr, record as u32, TYPE_RINGBUF, size);
  return 0;
}

/** bpf_ringbuf_submit_dynptr(ptr, flags) */
export function bpf_ringbuf_submit_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 1);
  if (isNull(dynptr)) return 0;
  bpf_ringbuf_submit(dataOf(dynptr), r2, 0, 0, 0);
  setNull(dynptr);
  return 0;
}

/** bpf_ringbuf_discard_dynptr(ptr, flags) */
export function bpf_ringbuf_discard_dynptr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 1);
  if (isNull(dynptr)) return 0;
  bpf_ringbuf_discard(dataOf(dynptr), r2, 0, 0, 0);
  setNull(dynptr);
  return 0;
}

/** bpf_dynptr_read(dst, len, src, offset, flags) */
export function bpf_dynptr_read(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(readFrom(dynptrArgument(r3, 0), r4 as u32, r1, r2 as u32, r5));
}

/** bpf_dynptr_write(dst, offset, src, len, flags) */
export function bpf_dynptr_write(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return errno(writeTo(dynptrArgument(r1, 0), r2 as u32, r3, r4 as u32, r5));
}

/** bpf_dynptr_data(ptr, offset, len): the bytes in place, of memory that may be written. */
export function bpf_dynptr_data(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 0);
  if (isNull(dynptr) || isReadOnly(dynptr) || !isMemory(dynptr)) return 0;
  return bytesAt(dynptr, r2 as u32, r3 as u32, 1);
}

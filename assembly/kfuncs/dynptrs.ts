import {
  CTX_SKB,
  CTX_XDP,
  PROG_PACKET_READ_ONLY,
  RUN_PKT_DATA,
  RUN_PKT_META,
  RUN_PROG,
} from '../../src/abi/layout';
import { E2BIG, EINVAL, ERANGE } from '../../src/abi/maps';
import { bytesAt, readFrom, writeTo } from '../dynptr/access';
import {
  copyDynptr,
  dynptrArgument,
  holds,
  initialisePacket,
  isNull,
  isReadOnly,
  narrow,
  setNull,
  setReadOnly,
  sizeOf,
  TYPE_SKB,
  TYPE_SKB_META,
  TYPE_XDP,
} from '../dynptr/dynptr';
import { contextArgument, errno } from '../helpers/arguments';
import { packetLength } from '../helpers/packet';
import { run } from '../run/state';

// kernel/bpf/helpers.c and net/core/filter.c.

/** Makes the dynptr of a packet (`type`), or a null one where there are flags: none are defined. */
function fromPacket(r1: u64, kind: u32, flags: u64, dynptr: u32, type: u32, size: u32): u64 {
  contextArgument(r1, kind);
  if (flags) {
    setNull(dynptr);
    return errno(-EINVAL);
  }
  initialisePacket(dynptr, type, size);
  return 0;
}

/** bpf_dynptr_from_skb(skb, flags, ptr): read-only in programs that may not write to packets. */
export function bpf_dynptr_from_skb(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r3, 1);
  const r0 = fromPacket(r1, CTX_SKB, r2, dynptr, TYPE_SKB, packetLength());
  if (r0 == 0 && load<u32>(load<u32>(run, RUN_PROG), PROG_PACKET_READ_ONLY)) setReadOnly(dynptr);
  return r0;
}

/** bpf_dynptr_from_skb_meta(skb, flags, ptr): the bytes in front of the packet that XDP has left there. */
export function bpf_dynptr_from_skb_meta(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const size = load<u32>(run, RUN_PKT_DATA) - load<u32>(run, RUN_PKT_META);
  return fromPacket(r1, CTX_SKB, r2, dynptrArgument(r3, 1), TYPE_SKB_META, size);
}

/** bpf_dynptr_from_xdp(xdp, flags, ptr) */
export function bpf_dynptr_from_xdp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return fromPacket(r1, CTX_XDP, r2, dynptrArgument(r3, 1), TYPE_XDP, packetLength());
}

/** bpf_dynptr_slice(ptr, offset, buffer, buffer_szk): the bytes are in place always, so that the buffer is not needed. */
export function bpf_dynptr_slice(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bytesAt(dynptrArgument(r1, 0), r2 as u32, r4 as u32, 0);
}

/** bpf_dynptr_slice_rdwr(ptr, offset, buffer, buffer_szk) */
export function bpf_dynptr_slice_rdwr(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 0);
  return isReadOnly(dynptr) ? 0 : bytesAt(dynptr, r2 as u32, r4 as u32, 1);
}

/** bpf_dynptr_adjust(ptr, start, end) */
export function bpf_dynptr_adjust(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 1);
  const start = r2 as u32;
  const end = r3 as u32;
  if (isNull(dynptr) || start > end) return errno(-EINVAL);
  if (end > sizeOf(dynptr)) return errno(-ERANGE);
  narrow(dynptr, start, end - start);
  return 0;
}

export function bpf_dynptr_is_null(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isNull(dynptrArgument(r1, 0)) ? 1 : 0;
}

export function bpf_dynptr_is_rdonly(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 0);
  return !isNull(dynptr) && isReadOnly(dynptr) ? 1 : 0;
}

/** bpf_dynptr_size(ptr): -EINVAL, as an unsigned number of 32 bits, for a null one. */
export function bpf_dynptr_size(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 0);
  return isNull(dynptr) ? <u32>-EINVAL : sizeOf(dynptr);
}

/** bpf_dynptr_clone(ptr, clone) */
export function bpf_dynptr_clone(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 0);
  const clone = dynptrArgument(r2, 1);
  if (isNull(dynptr)) {
    setNull(clone);
    return errno(-EINVAL);
  }
  copyDynptr(clone, dynptr);
  return 0;
}

/** bpf_dynptr_copy(dst, dst_off, src, src_off, size) */
export function bpf_dynptr_copy(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const target = dynptrArgument(r1, 0);
  const source = dynptrArgument(r3, 0);
  const size = r5 as u32;
  const from = bytesAt(source, r4 as u32, size, 0);
  const to = isReadOnly(target) ? 0 : bytesAt(target, r2 as u32, size, 1);
  if (from && to) {
    memory.copy(to, from, size);
    return 0;
  }
  if (from) return errno(writeTo(target, r2 as u32, from, size, 0));
  if (to) return errno(readFrom(source, r4 as u32, to, size, 0));
  if (!holds(target, r2 as u32, size) || !holds(source, r4 as u32, size)) return errno(-E2BIG);
  return size == 0 ? 0 : errno(-EINVAL);
}

/** bpf_dynptr_memset(ptr, offset, size, val) */
export function bpf_dynptr_memset(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const dynptr = dynptrArgument(r1, 0);
  if (isReadOnly(dynptr)) return errno(-EINVAL);
  const size = r3 as u32;
  const to = bytesAt(dynptr, r2 as u32, size, 1);
  if (to) {
    memory.fill(to, r4 as u8, size);
    return 0;
  }
  if (!holds(dynptr, r2 as u32, size)) return errno(-E2BIG);
  return size == 0 ? 0 : errno(-EINVAL);
}

/** What a dynptr leads to: bytes in place, and copies to and from them. Packets are linear. */
import { RUN_CTX, RUN_PKT_DATA, RUN_PKT_META } from '../../src/abi/layout';
import { E2BIG, EFAULT, EINVAL } from '../../src/abi/maps';
import { memoryArgument } from '../helpers/arguments';
import { packetAt } from '../helpers/packet';
import { bpf_skb_load_bytes, bpf_skb_store_bytes } from '../helpers/skb';
import { bpf_xdp_load_bytes, bpf_xdp_store_bytes } from '../helpers/xdp';
import { run } from '../run/state';
import {
  dataOf,
  holds,
  isNull,
  isReadOnly,
  offsetOf,
  TYPE_LOCAL,
  TYPE_RINGBUF,
  TYPE_SKB,
  TYPE_SKB_META,
  TYPE_XDP,
  typeOf,
} from './dynptr';

/** __bpf_dynptr_is_local: its data is memory that stays where it is. */
export function isMemory(dynptr: u32): bool {
  const type = typeOf(dynptr);
  return type == TYPE_LOCAL || type == TYPE_RINGBUF;
}

function metaLength(): u32 {
  return load<u32>(run, RUN_PKT_DATA) - load<u32>(run, RUN_PKT_META);
}

/** The metadata may have become less since the dynptr was made. */
function metaAt(offset: u32, length: u32): u32 {
  const size = metaLength();
  return length <= size && offset <= size - length ? load<u32>(run, RUN_PKT_META) + offset : 0;
}

/** `length` bytes at `offset` where they are; 0 where the dynptr does not have them. */
export function bytesAt(dynptr: u32, offset: u32, length: u32, write: u32): u32 {
  if (isNull(dynptr) || !holds(dynptr, offset, length)) return 0;
  const start = offsetOf(dynptr) + offset;
  if (isMemory(dynptr)) {
    const address = dataOf(dynptr) + <u64>offsetOf(dynptr) + <u64>offset;
    memoryArgument(address, length, write);
    return <u32>address;
  }
  if (typeOf(dynptr) == TYPE_SKB_META) return metaAt(start, length);
  return packetAt(start, length);
}

function context(): u64 {
  return load<u32>(run, RUN_CTX);
}

/** bpf_dynptr_read: 0 or a negative error number. */
export function readFrom(dynptr: u32, offset: u32, to: u64, length: u32, flags: u64): i32 {
  if (isNull(dynptr) || flags) return -EINVAL;
  if (!holds(dynptr, offset, length)) return -E2BIG;
  const start = <u64>(offsetOf(dynptr) + offset);
  if (typeOf(dynptr) == TYPE_SKB) return <i32>bpf_skb_load_bytes(context(), start, to, length, 0);
  if (typeOf(dynptr) == TYPE_XDP) return <i32>bpf_xdp_load_bytes(context(), start, to, length, 0);
  const target = memoryArgument(to, length, 1);
  const from = bytesAt(dynptr, offset, length, 0);
  if (from == 0) return -EFAULT;
  memory.copy(target, from, length);
  return 0;
}

/** bpf_dynptr_write: 0 or a negative error number. */
export function writeTo(dynptr: u32, offset: u32, from: u64, length: u32, flags: u64): i32 {
  if (isNull(dynptr) || isReadOnly(dynptr)) return -EINVAL;
  if (!holds(dynptr, offset, length)) return -E2BIG;
  const start = <u64>(offsetOf(dynptr) + offset);
  if (typeOf(dynptr) == TYPE_SKB) return <i32>bpf_skb_store_bytes(context(), start, from, length, flags);
  if (flags) return -EINVAL;
  if (typeOf(dynptr) == TYPE_XDP) return <i32>bpf_xdp_store_bytes(context(), start, from, length, 0);
  const source = memoryArgument(from, length, 0);
  const to = bytesAt(dynptr, offset, length, 1);
  if (to == 0) return -EFAULT;
  memory.copy(to, source, length);
  return 0;
}

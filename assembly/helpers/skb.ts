import { CTX_SKB } from '../../src/abi/layout';
import { EFAULT, EINVAL, ENOMEM } from '../../src/abi/maps';
import { CHECKSUM_NONE } from '../../src/abi/packets';
import { zero } from '../memory/bytes';
import { linkHeader, networkStart, packetBytes } from '../run/packet';
import { contextArgument, errno, memoryArgument } from './arguments';
import { packetAt, packetLength } from './packet';
import { clearHash, ipSummed, openSkb, packetData, sumPulled, sumPushed } from './sockbuf';

// Helpers on struct __sk_buff: net/core/filter.c. The packet is linear and writable.

const RECOMPUTE_CSUM: u64 = 1;
const INVALIDATE_HASH: u64 = 2;
/** BPF_HDR_START_NET; 0 is BPF_HDR_START_MAC. */
const START_NET: u32 = 1;
const RELATIVE_MAX: u64 = 0xffff;

function loadBytes(from: u32, to: u32, size: u32): u64 {
  if (from == 0) {
    zero(to, size);
    return errno(-EFAULT);
  }
  memory.copy(to, from, size);
  return 0;
}

/** bpf_skb_load_bytes(skb, offset, to, len): zeros at `to` when out of range. */
export function bpf_skb_load_bytes(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const to = memoryArgument(r3, r4, 1);
  return loadBytes(packetAt(r2, r4), to, r4 as u32);
}

/** bpf_skb_load_bytes_relative(skb, offset, to, len, start_header): packets have an Ethernet header. */
export function bpf_skb_load_bytes_relative(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const to = memoryArgument(r3, r4, 1);
  const offset = r2 & 0xffff_ffff;
  const start = r5 as u32;
  if (offset > RELATIVE_MAX || start > START_NET) return loadBytes(0, to, r4 as u32);
  const base = start == START_NET ? networkStart() : linkHeader();
  return loadBytes(packetBytes(base, offset, r4 & 0xffff_ffff), to, r4 as u32);
}

/** Writes what the sum of the whole packet covers. */
function recompute(to: u32, from: u32, size: u32): void {
  openSkb();
  const offset = to - packetData();
  sumPulled(to, size, offset);
  memory.copy(to, from, size);
  sumPushed(to, size, offset);
}

function invalidateHash(): void {
  openSkb();
  clearHash();
}

/** bpf_skb_store_bytes(skb, offset, from, len, flags) */
export function bpf_skb_store_bytes(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  const from = memoryArgument(r3, r4, 0);
  if (r5 & ~(RECOMPUTE_CSUM | INVALIDATE_HASH)) return errno(-EINVAL);
  const to = packetAt(r2, r4);
  if (to == 0) return errno(-EFAULT);
  const summed = (r5 & RECOMPUTE_CSUM) != 0 && ipSummed() != CHECKSUM_NONE;
  if (summed) recompute(to, from, r4 as u32);
  else memory.copy(to, from, r4 as u32);
  if (r5 & INVALIDATE_HASH) invalidateHash();
  return 0;
}

/** bpf_skb_pull_data(skb, len): the packet is linear already. */
export function bpf_skb_pull_data(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  return (r2 as u32) > packetLength() ? errno(-ENOMEM) : 0;
}

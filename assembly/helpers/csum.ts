import { CTX_SKB } from '../../src/abi/layout';
import { EACCES, EFAULT, EINVAL, ENOTSUPP } from '../../src/abi/maps';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  SKB_CSUM,
  SKB_CSUM_LEVEL,
  SKB_IP_SUMMED,
} from '../../src/abi/packets';
import { contextArgument, errno, memoryArgument } from './arguments';
import { add, checksumOf, fold, partial, subtract } from './checksum';
import { lowerLevel, raiseLevel, resetLevel } from './checksumLevel';
import { packetAt } from './packet';
import { ipSummed, more, openSkb, setMore } from './sockbuf';

// Helpers on checksums: net/core/filter.c, net/core/utils.c.

const FIELD_MASK: u64 = 0xf;
const PSEUDO_HDR: u64 = 0x10;
const MARK_MANGLED_0: u64 = 0x20;
const MARK_ENFORCE: u64 = 0x40;
const IPV6: u64 = 0x80;
const MANGLED_0: u32 = 0xffff;
const OFFSET_MAX: u64 = 0xffff;

function difference(from: u32, fromSize: u32, to: u32, toSize: u32, seed: u32): u32 {
  if (fromSize && toSize) return subtract(partial(to, toSize, seed), partial(from, fromSize, 0));
  if (toSize) return partial(to, toSize, seed);
  return fromSize ? ~partial(from, fromSize, ~seed) : seed;
}

/** bpf_csum_diff(from, from_size, to, to_size, seed): 16 bits, and sizes of any number, as since Linux 6.13. */
export function bpf_csum_diff(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const from = memoryArgument(r1, r2, 0);
  const to = memoryArgument(r3, r4, 0);
  return fold(difference(from, r2 as u32, to, r4 as u32, r5 as u32));
}

/** Where a checksum stands in the packet; 0 when it is out of range. */
function fieldAt(offset: u64): u32 {
  const start = offset & 0xffff_ffff;
  return start > OFFSET_MAX || start & 1 ? 0 : packetAt(start, 2);
}

/** Field sizes that the flags may name: 0 (`to` is a sum), 2, 4. */
function fieldError(from: u64, size: u64): i32 {
  if (size == 0) return from ? -EINVAL : 0;
  return size == 2 || size == 4 ? 0 : -EINVAL;
}

/** Replaces `from` by `to` in what the checksum at `at` covers. */
function replace(at: u32, from: u32, to: u32): void {
  const sum = ~(load<u16>(at) as u32) & 0xffff;
  store<u16>(at, checksumOf(add(subtract(sum, from), to)));
}

function replaceField(at: u32, from: u64, to: u64, size: u64): void {
  replace(at, fieldOf(from, size), fieldOf(to, size));
}

function fieldOf(value: u64, size: u64): u32 {
  return size == 2 ? (value as u16) : (value as u32);
}

/**
 * inet_proto_csum_replace*(): fields of the pseudo header are not in the packet. Where hardware completes the checksum,
 * they alone are in it; where hardware has summed the packet, that sum changes with them.
 */
function replaceCovered(at: u32, from: u32, to: u32, flags: u64): void {
  openSkb();
  const pseudo = (flags & PSEUDO_HDR) != 0;
  if (more(SKB_IP_SUMMED) == CHECKSUM_PARTIAL) {
    if (pseudo) store<u16>(at, fold(add(subtract(load<u16>(at), from), to)));
    return;
  }
  replace(at, from, to);
  if (more(SKB_IP_SUMMED) != CHECKSUM_COMPLETE || !pseudo) return;
  // A sum of both addresses of IPv6 and their checksum cancels out; so does the field of a difference.
  if (!(flags & FIELD_MASK) && flags & IPV6) return;
  setMore(SKB_CSUM, ~add(subtract(~more(SKB_CSUM), from), to));
}

function replaceTransport(at: u32, from: u64, to: u64, flags: u64): void {
  const size = flags & FIELD_MASK;
  if (ipSummed() < (CHECKSUM_COMPLETE as u32)) replaceField(at, from, to, size);
  else replaceCovered(at, fieldOf(from, size), fieldOf(to, size), flags);
}

/** bpf_l3_csum_replace(skb, offset, from, to, size) */
export function bpf_l3_csum_replace(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  if (r5 & ~FIELD_MASK) return errno(-EINVAL);
  const at = fieldAt(r2);
  if (at == 0) return errno(-EFAULT);
  const error = fieldError(r3, r5);
  if (error) return errno(error);
  replaceField(at, r3, r4, r5);
  return 0;
}

/** bpf_l4_csum_replace(skb, offset, from, to, flags): a UDP checksum of 0 means none and may be left alone. */
export function bpf_l4_csum_replace(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  if (r5 & ~(FIELD_MASK | PSEUDO_HDR | MARK_MANGLED_0 | MARK_ENFORCE | IPV6)) return errno(-EINVAL);
  const at = fieldAt(r2);
  if (at == 0) return errno(-EFAULT);
  const mangled = (r5 & MARK_MANGLED_0) != 0;
  if (mangled && !(r5 & MARK_ENFORCE) && load<u16>(at) == 0) return 0;
  const error = fieldError(r3, r5 & FIELD_MASK);
  if (error) return errno(error);
  replaceTransport(at, r3, r4, r5);
  if (mangled && load<u16>(at) == 0) store<u16>(at, MANGLED_0);
  return 0;
}

/** bpf_csum_update(skb, csum): adds to the sum of the whole packet, where hardware has made one. */
export function bpf_csum_update(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  if (more(SKB_IP_SUMMED) != CHECKSUM_COMPLETE) return errno(-ENOTSUPP);
  setMore(SKB_CSUM, add(more(SKB_CSUM), r2 as u32));
  return more(SKB_CSUM);
}

const LEVEL_QUERY: u64 = 0;
const LEVEL_INC: u64 = 1;
const LEVEL_DEC: u64 = 2;
const LEVEL_RESET: u64 = 3;

/** bpf_csum_level(skb, level): how many checksums hardware has checked, less one. */
export function bpf_csum_level(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  contextArgument(r1, CTX_SKB);
  openSkb();
  if (r2 == LEVEL_QUERY) {
    return more(SKB_IP_SUMMED) == CHECKSUM_UNNECESSARY ? more(SKB_CSUM_LEVEL) : errno(-EACCES);
  }
  if (r2 > LEVEL_RESET) return errno(-EINVAL);
  if (r2 == LEVEL_INC) raiseLevel();
  else if (r2 == LEVEL_DEC) lowerLevel();
  else resetLevel();
  return 0;
}

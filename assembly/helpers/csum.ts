import { CTX_SKB } from '../../src/abi/layout';
import { EFAULT, EINVAL } from '../../src/abi/maps';
import { contextArgument, errno, memoryArgument } from './arguments';
import { packetAt } from './packet';

// Internet checksums: include/net/checksum.h, lib/checksum.c. A "sum" is an unfolded 32-bit one's complement
// sum (__wsum); a "checksum" is its folded, inverted 16 bits (__sum16) as it stands in the packet.

const FIELD_MASK: u64 = 0xf;
const PSEUDO_HDR: u64 = 0x10;
const MARK_MANGLED_0: u64 = 0x20;
const MARK_ENFORCE: u64 = 0x40;
const IPV6: u64 = 0x80;
const MANGLED_0: u32 = 0xffff;
const OFFSET_MAX: u64 = 0xffff;

function add(a: u32, b: u32): u32 {
  const sum = a + b;
  return sum + (sum < b ? 1 : 0);
}

function subtract(a: u32, b: u32): u32 {
  return add(a, ~b);
}

function fold(sum: u32): u32 {
  return (sum + rotl<u32>(sum, 16)) >> 16;
}

function checksumOf(sum: u32): u32 {
  return ~fold(sum) & 0xffff;
}

/** The 1 to 3 bytes at `from`, as a word padded with zeros. */
function tail(from: u32, size: u32): u32 {
  let word: u32 = size & 1 ? load<u8>(from + size - 1) : 0;
  if (size & 2) word = size & 1 ? (word << 16) | load<u16>(from) : load<u16>(from);
  return word;
}

/** Adds the words of memory to a sum. */
function partial(from: u32, size: u32, sum: u32): u32 {
  let total: u64 = sum;
  for (; size >= 4; size -= 4, from += 4) total += load<u32>(from);
  if (size) total += tail(from, size);
  return ((total + rotl<u64>(total, 32)) >> 32) as u32;
}

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
  if (size == 2) replace(at, from as u16, to as u16);
  else replace(at, from as u32, to as u32);
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
  replaceField(at, r3, r4, r5 & FIELD_MASK);
  if (mangled && load<u16>(at) == 0) store<u16>(at, MANGLED_0);
  return 0;
}

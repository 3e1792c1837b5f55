// Internet checksums: include/net/checksum.h, lib/checksum.c. A "sum" is an unfolded 32-bit one's complement
// sum (__wsum); a "checksum" is its folded, inverted 16 bits (__sum16) as it stands in the packet.

export function add(a: u32, b: u32): u32 {
  const sum = a + b;
  return sum + (sum < b ? 1 : 0);
}

export function subtract(a: u32, b: u32): u32 {
  return add(a, ~b);
}

export function fold(sum: u32): u32 {
  return (sum + rotl<u32>(sum, 16)) >> 16;
}

export function checksumOf(sum: u32): u32 {
  return ~fold(sum) & 0xffff;
}

/** The 1 to 3 bytes at `from`, as a word padded with zeros. */
function tail(from: u32, size: u32): u32 {
  let word: u32 = size & 1 ? load<u8>(from + size - 1) : 0;
  if (size & 2) word = size & 1 ? (word << 16) | load<u16>(from) : load<u16>(from);
  return word;
}

/** Adds the words of memory to a sum. */
export function partial(from: u32, size: u32, sum: u32): u32 {
  let total: u64 = sum;
  for (; size >= 4; size -= 4, from += 4) total += load<u32>(from);
  if (size) total += tail(from, size);
  return ((total + rotl<u64>(total, 32)) >> 32) as u32;
}

/** A sum as it counts at an odd offset: its bytes change places. */
function shifted(sum: u32, offset: u32): u32 {
  return offset & 1 ? rotl<u32>(sum, 24) : sum;
}

/** csum_block_add() */
export function blockAdd(sum: u32, other: u32, offset: u32): u32 {
  return add(sum, shifted(other, offset));
}

/** csum_block_sub() */
export function blockSubtract(sum: u32, other: u32, offset: u32): u32 {
  return subtract(sum, shifted(other, offset));
}

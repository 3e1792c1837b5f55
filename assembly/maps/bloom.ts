import { HDR_HASH_SEED, HEADER, MAP_FLAGS, MAP_MAX_ENTRIES, MAP_VALUE_SIZE } from '../../src/abi/layout';
import { BPF_ANY, BPF_F_ZERO_SEED, EINVAL, ENOENT, ENOMEM } from '../../src/abi/maps';
import { reserve } from '../memory/allocator';
import { owe } from '../run/budget';
import { M_EXTRA, M_SLAB, M_TYPE } from './descriptor';
import { jhash } from './jhash';

// Bloom filters, the kernel's (kernel/bpf/bloom_filter.c): with the same seed the same values are wrongly held.

const M_MASK: i32 = M_TYPE; // of a hash, to the number of its bit
const M_SEED: i32 = M_TYPE + 4;
const HASHES: u32 = 5;
const BITS_MIN: u64 = 64;
const BITS_MAX: u64 = 1 << 31;
const BYTES_PER_INSN: u32 = 64;

/** map_extra: the number of hash functions, 5 for 0. */
function hashes(map: u32): u32 {
  const wanted = load<u32>(map, M_EXTRA);
  return wanted ? wanted : HASHES;
}

/** Bits less one: entries * hashes * 7 / 5, rounded up to a power of two; 2^32 where the kernel's u32 would overflow. */
function bitMask(entries: u64, count: u32): u32 {
  const product = entries * count;
  const bits = (product / 5) * 7;
  if (product > u32.MAX_VALUE || bits > BITS_MAX) return u32.MAX_VALUE;
  return bits <= BITS_MIN ? (BITS_MIN as u32) - 1 : (((1 as u64) << (64 - clz<u64>(bits - 1))) - 1) as u32;
}

export function bloomInit(map: u32): i32 {
  const mask = bitMask(load<u32>(map, MAP_MAX_ENTRIES), hashes(map));
  const bits = reserve(((mask as u64) + 1) / 8);
  const seed = load<u32>(map, MAP_FLAGS) & BPF_F_ZERO_SEED ? 0 : load<u32>(HEADER, HDR_HASH_SEED);
  store<u32>(map, bits, M_SLAB);
  store<u32>(map, mask, M_MASK);
  store<u32>(map, seed, M_SEED);
  return bits ? 0 : -ENOMEM;
}

/** Number of the bit that hash function `index` chooses for a value. */
function bitOf(map: u32, value: u32, index: u32): u32 {
  return jhash(value, load<u32>(map, MAP_VALUE_SIZE), load<u32>(map, M_SEED) + index) & load<u32>(map, M_MASK);
}

function pay(map: u32): void {
  owe((load<u32>(map, MAP_VALUE_SIZE) / BYTES_PER_INSN) * hashes(map));
}

function setBit(word: u32, bit: u32): void {
  if (ASC_FEATURE_THREADS) atomic.or<u32>(word, bit);
  else store<u32>(word, load<u32>(word) | bit);
}

export function bloomPush(map: u32, value: u32, flags: u64): i32 {
  if (flags != BPF_ANY) return -EINVAL;
  pay(map);
  for (let left = hashes(map); left; --left) {
    const bit = bitOf(map, value, left - 1);
    setBit(load<u32>(map, M_SLAB) + ((bit >> 5) << 2), (1 as u32) << (bit & 31));
  }
  return 0;
}

/** 0 when the value may have been pushed, -ENOENT when it has not. */
export function bloomPeek(map: u32, value: u32): i32 {
  pay(map);
  for (let left = hashes(map); left; --left) {
    const bit = bitOf(map, value, left - 1);
    const word = load<u32>(load<u32>(map, M_SLAB) + ((bit >> 5) << 2));
    if (((word >> (bit & 31)) & 1) == 0) return -ENOENT;
  }
  return 0;
}

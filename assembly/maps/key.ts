import { MAP_KEY_SIZE } from '../../src/abi/layout';
import { copy, equal } from '../memory/bytes';
import { owe } from '../run/budget';
import { M_SLOT_TYPE } from './slots';

// Hashing and comparing keys, with the sizes that nearly all maps have (4, 8, 16 bytes) on paths of their own.

/** A long key is compared with every one of the same hash. */
const BYTES_PER_INSN: u32 = 64;

export const M_SEED: i32 = M_SLOT_TYPE; // u64
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const MIX2: u64 = 0xd6e8_feb8_6659_fd93;

/** High half of two rounds of multiply and fold: every key bit reaches every bit of the result. */
function finish(x: u64): u32 {
  x *= MIX;
  x = (x ^ (x >> 32)) * MIX2;
  return (x >> 32) as u32;
}

function hashLong(key: u32, size: u32, seed: u64): u32 {
  let state = seed ^ size;
  for (; size >= 8; size -= 8, key += 8) {
    state = rotl<u64>((state ^ load<u64>(key)) * MIX, 29);
  }
  let tail: u64 = 0;
  for (; size; --size, ++key) tail = (tail << 8) | load<u8>(key);
  return finish(rotl<u64>(state, 23) ^ tail);
}

export function hash8(map: u32, word: u64): u32 {
  return finish(word ^ load<u64>(map, M_SEED));
}

export function hash4(map: u32, word: u32): u32 {
  return finish((word as u64) ^ load<u64>(map, M_SEED));
}

export function hashKey(map: u32, key: u32): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 8) return hash8(map, load<u64>(key));
  if (size == 4) return hash4(map, load<u32>(key));
  const seed = load<u64>(map, M_SEED);
  if (size == 16) return finish(rotl<u64>((load<u64>(key) ^ seed) * MIX, 29) ^ load<u64>(key, 8));
  return hashLong(key, size, seed);
}

export function sameKey(a: u32, b: u32, size: u32): bool {
  if (size == 16) return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8);
  owe(size / BYTES_PER_INSN);
  return equal(a, b, size);
}

export function copyKey(map: u32, to: u32, from: u32): void {
  copy(to, from, load<u32>(map, MAP_KEY_SIZE));
}

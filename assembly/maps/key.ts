import { HASH_SECRETS } from '../../src/abi/hash';
import { HDR_HASH_SEED, HEADER, MAP_FLAGS, MAP_KEY_SIZE } from '../../src/abi/layout';
import { BPF_F_ZERO_SEED } from '../../src/abi/maps';
import { copy, equal } from '../memory/bytes';
import { owe } from '../run/budget';
import { M_TABLE } from './descriptor';

// Hashing (src/abi/hash.ts says how, and why so) and comparing keys, with the sizes that nearly all maps have
// (4, 8, 16 bytes) on paths of their own.

/** A long key is compared with every one of the same hash. */
const BYTES_PER_INSN: u32 = 64;
/** What the secrets cover. */
const BLOCK: u32 = HASH_SECRETS * 4;
const LOW: u64 = 0xffff_ffff;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/** splitmix64, which fills the secrets from the one seed. */
function scramble(x: u64): u64 {
  x = (x ^ (x >> 30)) * 0xbf58_476d_1ce4_e5b9;
  x = (x ^ (x >> 27)) * 0x94d0_49bb_1331_11eb;
  return x ^ (x >> 31);
}

export function fillSecrets(map: u32, table: u32): void {
  let state = load<u32>(map, MAP_FLAGS) & BPF_F_ZERO_SEED ? 0 : load<u64>(HEADER, HDR_HASH_SEED);
  for (let end = table + HASH_SECRETS * 8; table < end; table += 8) {
    state += MIX;
    store<u64>(table, scramble(state));
  }
}

/** What a pair of words, as one u64, adds to the sum. `secrets`: those of the pair. */
function pair(secrets: u32, words: u64): u64 {
  return (load<u64>(secrets) + (words & LOW)) * (load<u64>(secrets, 8) + (words >> 32));
}

/** The last bytes of a key, fewer than 8, as the low end of a u64. */
function tail(key: u32, size: u32): u64 {
  let word: u64 = 0;
  let shift: u64 = 0;
  if (size & 4) {
    word = load<u32>(key);
    key += 4;
    shift = 32;
  }
  for (let left = size & 3; left; --left, ++key, shift += 8) word |= (load<u8>(key) as u64) << shift;
  return word;
}

/** `size` <= BLOCK. */
function sumBlock(secrets: u32, key: u32, size: u32): u64 {
  let sum: u64 = 0;
  for (; size >= 8; size -= 8, key += 8, secrets += 16) sum += pair(secrets, load<u64>(key));
  return size ? sum + pair(secrets, tail(key, size)) : sum;
}

function hashLong(secrets: u32, key: u32, size: u32): u32 {
  let sum: u64 = 0;
  for (; size > BLOCK; size -= BLOCK, key += BLOCK) {
    sum += sumBlock(secrets, key, BLOCK);
    sum = (sum ^ (sum >> 32)) * MIX;
  }
  return ((sum + sumBlock(secrets, key, size)) >> 32) as u32;
}

export function hash16(map: u32, first: u64, second: u64): u32 {
  const secrets = load<u32>(map, M_TABLE);
  return ((pair(secrets, first) + pair(secrets + 16, second)) >> 32) as u32;
}

export function hash8(map: u32, word: u64): u32 {
  return (pair(load<u32>(map, M_TABLE), word) >> 32) as u32;
}

export function hash4(map: u32, word: u32): u32 {
  const secrets = load<u32>(map, M_TABLE);
  return (((load<u64>(secrets) + word) * load<u64>(secrets, 8)) >> 32) as u32;
}

export function hashKey(map: u32, key: u32): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 16) return hash16(map, load<u64>(key), load<u64>(key, 8));
  if (size == 8) return hash8(map, load<u64>(key));
  if (size == 4) return hash4(map, load<u32>(key));
  return hashLong(load<u32>(map, M_TABLE), key, size);
}

export function sameKey(a: u32, b: u32, size: u32): bool {
  owe(size / BYTES_PER_INSN);
  return equal(a, b, size);
}

export function copyKey(map: u32, to: u32, from: u32): void {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 16) {
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    return;
  }
  copy(to, from, size);
}

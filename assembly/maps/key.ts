import { HASH_SECRETS } from '../../src/abi/hash';
import { HDR_HASH_SEED, HEADER, MAP_FLAGS, MAP_KEY_SIZE } from '../../src/abi/layout';
import { BPF_F_ZERO_SEED } from '../../src/abi/maps';
import { copy, equal } from '../memory/bytes';
import { owe } from '../run/budget';
import { M_TABLE } from './descriptor';

// Hashing (src/abi/hash.ts says how, and why so) and comparing keys, with the sizes that nearly all maps have
// (4, 8, 16 bytes) on paths of their own.

/** A long key is compared with every one of its chain. */
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

/** 8 bytes of a key that a program may just have written by halves: a wide load would wait for both stores. */
@inline
export function wordAt(key: u32): u64 {
  return (load<u32>(key) as u64) | ((load<u32>(key, 4) as u64) << 32);
}

/** What the 8 bytes at `key` add to the sum. `secrets`: those of their two words. */
@inline
function pair(secrets: u32, key: u32): u64 {
  return (load<u64>(secrets) + load<u32>(key)) * (load<u64>(secrets, 8) + load<u32>(key, 4));
}

/** What the last bytes, fewer than 8, add. */
function lastPair(secrets: u32, key: u32, size: u32): u64 {
  if (size == 4) return (load<u64>(secrets) + load<u32>(key)) * load<u64>(secrets, 8);
  let word: u64 = 0;
  for (let at: u32 = 0; at < size; ++at) word |= (load<u8>(key + at) as u64) << (at * 8);
  return (load<u64>(secrets) + (word & LOW)) * (load<u64>(secrets, 8) + (word >> 32));
}

/** `size` <= BLOCK. */
function sumBlock(secrets: u32, key: u32, size: u32): u64 {
  let sum: u64 = 0;
  for (; size >= 8; size -= 8, key += 8, secrets += 16) sum += pair(secrets, key);
  return size ? sum + lastPair(secrets, key, size) : sum;
}

function hashLong(secrets: u32, key: u32, size: u32): u32 {
  let sum: u64 = 0;
  for (; size > BLOCK; size -= BLOCK, key += BLOCK) {
    sum += sumBlock(secrets, key, BLOCK);
    sum = (sum ^ (sum >> 32)) * MIX;
  }
  return ((sum + sumBlock(secrets, key, size)) >> 32) as u32;
}

@inline
export function hashKey(map: u32, key: u32): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  const secrets = load<u32>(map, M_TABLE);
  if (size == 16) return ((pair(secrets, key) + pair(secrets + 16, key + 8)) >> 32) as u32;
  if (size == 8) return (pair(secrets, key) >> 32) as u32;
  if (size == 4) return (lastPair(secrets, key, 4) >> 32) as u32;
  return hashLong(secrets, key, size);
}

export function sameKey(a: u32, b: u32, size: u32): bool {
  owe(size / BYTES_PER_INSN);
  return equal(a, b, size);
}

@inline
export function copyKey(map: u32, to: u32, from: u32): void {
  const size = load<u32>(map, MAP_KEY_SIZE);
  if (size == 16) {
    store<u64>(to, wordAt(from));
    store<u64>(to, wordAt(from + 8), 8);
    return;
  }
  copy(to, from, size);
}

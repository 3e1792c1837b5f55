import { MAP_ID } from '../../src/abi/layout';
import { EINVAL } from '../../src/abi/maps';
import { following } from './chain';
import { hashDelete, hashInit, hashLookup, hashUpdate } from './hash';
import { hideValues, valueAt } from './descriptor';
import { holdInner, releaseInner } from './nesting';

// Hashes of maps: a hash map whose values are addresses of inner maps, hidden from programs.

export function mapHashInit(map: u32): i32 {
  const error = hashInit(map);
  hideValues(map);
  return error;
}

/** The inner map for a program, or 0. */
export function mapHashLookup(map: u32, key: u32): u32 {
  const value = hashLookup(map, key);
  return value ? load<u32>(value) : 0;
}

/** For the host: address of the number of the inner map in `slot`. */
export function mapHashPeekAt(map: u32, slot: u32): u32 {
  return load<u32>(valueAt(map, slot)) + MAP_ID;
}

/** For the host: address of the inner map's number, or 0. */
export function mapHashPeek(map: u32, key: u32): u32 {
  const inner = mapHashLookup(map, key);
  return inner ? inner + MAP_ID : 0;
}

export function mapHashUpdate(map: u32, key: u32, value: u32, flags: u64): i32 {
  const inner = load<u32>(value);
  if (inner == 0 || !holdInner(map, inner)) return -EINVAL;
  const old = mapHashLookup(map, key);
  const result = hashUpdate(map, key, value, flags, true);
  releaseInner(result ? inner : old);
  return result;
}

export function mapHashDelete(map: u32, key: u32): i32 {
  const old = mapHashLookup(map, key);
  const result = hashDelete(map, key);
  if (result == 0) releaseInner(old);
  return result;
}

export function mapHashClear(map: u32): void {
  for (let slot = following(map, 0); slot; slot = following(map, slot)) {
    releaseInner(load<u32>(valueAt(map, slot - 1)));
  }
}

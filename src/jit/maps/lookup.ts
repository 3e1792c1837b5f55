/** Lookups of maps known at the call, emitted into the program: by the map's type. */
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
} from '../../abi/maps.ts';
import type { MapSpec } from '../../frontend/program.ts';
import { emitArrayLookup } from './array.ts';
import type { KeyWords, KnownMap, Lookup, Out } from './emit.ts';
import { emitHashLookup, isHashable } from './hash.ts';
import { emitLruLookup } from './lru.ts';

type Kind = 'array' | 'hash' | 'lru';

const KINDS: ReadonlyMap<number, Kind> = new Map([
  [MAP_TYPE_ARRAY, 'array'],
  [MAP_TYPE_PERCPU_ARRAY, 'array'],
  [MAP_TYPE_HASH, 'hash'],
  [MAP_TYPE_PERCPU_HASH, 'hash'],
  [MAP_TYPE_LRU_HASH, 'lru'],
  [MAP_TYPE_LRU_PERCPU_HASH, 'lru'],
]);

const kindOf = ({ type, keySize }: MapSpec): Kind | undefined => {
  const kind = KINDS.get(type);
  return kind === 'array' || isHashable(keySize) ? kind : undefined;
};

/** Words of a key that {@link emitLookup} wants; undefined when lookups in the map are calls. */
export function keyWords(spec: MapSpec): number | undefined {
  return kindOf(spec) === undefined ? undefined : spec.keySize / 4;
}

/**
 * What bpf_map_lookup_elem does, for verified programs. Nothing is checked, and no budget is spent.
 *
 * @param constant the key of an array, where it is known: `key` is not used then
 */
export function emitLookup(
  out: Out,
  map: KnownMap,
  key: KeyWords,
  constant: number | undefined,
): Lookup | undefined {
  const kind = kindOf(map.spec);
  if (kind === 'array') return emitArrayLookup(out, map, key, constant);
  if (kind === 'hash') return emitHashLookup(out, map, key);
  return kind === 'lru' ? emitLruLookup(out, map, key) : undefined;
}

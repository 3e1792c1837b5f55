/** Lookups of maps known at the call, by the map's type. */
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
} from '../../abi/maps.ts';
import type { MapSpec } from '../../frontend/program.ts';
import type { KeyWords, KnownMap, Lookup, Out } from './emit.ts';
import { emitHashLookup, isHashable } from './hash.ts';
import { emitLruLookup } from './lru.ts';

export type LookupKind = 'array' | 'hash' | 'lru';

const KINDS: ReadonlyMap<number, LookupKind> = new Map([
  [MAP_TYPE_ARRAY, 'array'],
  [MAP_TYPE_PERCPU_ARRAY, 'array'],
  [MAP_TYPE_HASH, 'hash'],
  [MAP_TYPE_PERCPU_HASH, 'hash'],
  [MAP_TYPE_LRU_HASH, 'lru'],
  [MAP_TYPE_LRU_PERCPU_HASH, 'lru'],
]);

/** undefined when lookups in such maps are calls. */
export function lookupKind({ type, keySize }: MapSpec): LookupKind | undefined {
  const kind = KINDS.get(type);
  return kind === 'array' || isHashable(keySize) ? kind : undefined;
}

/** What bpf_map_lookup_elem does in a hash, for verified programs. Nothing is checked, and no budget is spent. */
export const emitLookup = (
  out: Out,
  map: KnownMap,
  kind: Exclude<LookupKind, 'array'>,
  key: KeyWords,
): Lookup => (kind === 'hash' ? emitHashLookup(out, map, key) : emitLruLookup(out, map, key));

import {
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_LATER,
  MAP_MAGIC,
  MAP_MAGIC_VALUE,
  MAP_MAX_ENTRIES,
  MAP_TYPE,
  MAP_VALUE_SIZE,
} from '../../src/abi/layout';
import {
  BPF_F_INNER_MAP,
  MAP_TYPE_ARRAY,
  MAP_TYPE_ARRAY_OF_MAPS,
  MAP_TYPE_HASH_OF_MAPS,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PROG_ARRAY,
} from '../../src/abi/maps';
import { dropStorage, isStorage } from '../storage/elements';
import { lock, unlock } from '../memory/lock';
import { freeSlabs, M_EXTRA, M_LOCK, M_REFS } from './descriptor';
import { free } from '../memory/allocator';
import { removeAllLater } from '../timers/table';

// Maps inside maps. An inner map must look like the template its outer map was made with, and lives at least as
// long as an outer map holds it.

export function isOuter(type: u32): bool {
  return type == MAP_TYPE_ARRAY_OF_MAPS || type == MAP_TYPE_HASH_OF_MAPS;
}

/** Can maps like this one be inner maps? */
export function canNest(map: u32): bool {
  if (map == 0 || load<u32>(map, MAP_MAGIC) != MAP_MAGIC_VALUE) return false;
  const type = load<u32>(map, MAP_TYPE);
  return !isOuter(type) && type != MAP_TYPE_PROG_ARRAY;
}

function sameShape(a: u32, b: u32): bool {
  const type = load<u32>(a, MAP_TYPE);
  const flags = load<u32>(a, MAP_FLAGS);
  const fixed = (type == MAP_TYPE_ARRAY || type == MAP_TYPE_PERCPU_ARRAY) && !(flags & BPF_F_INNER_MAP);
  return (
    type == load<u32>(b, MAP_TYPE) &&
    load<u32>(a, MAP_KEY_SIZE) == load<u32>(b, MAP_KEY_SIZE) &&
    load<u32>(a, MAP_VALUE_SIZE) == load<u32>(b, MAP_VALUE_SIZE) &&
    flags == load<u32>(b, MAP_FLAGS) &&
    (!fixed || load<u32>(a, MAP_MAX_ENTRIES) == load<u32>(b, MAP_MAX_ENTRIES))
  );
}

/** Counts a reference of `outer` to `inner`; false when inner maps of `outer` have another shape. */
export function holdInner(outer: u32, inner: u32): bool {
  if (load<u32>(inner, MAP_MAGIC) != MAP_MAGIC_VALUE || !sameShape(load<u32>(outer, M_EXTRA), inner))
    return false;
  retain(inner);
  return true;
}

export function retain(map: u32): void {
  lock(map + M_LOCK);
  store<u32>(map, load<u32>(map, M_REFS) + 1, M_REFS);
  unlock(map + M_LOCK);
}

/** Drops a reference; the last one frees the map. 0 is allowed. */
export function releaseInner(map: u32): void {
  if (map == 0) return;
  lock(map + M_LOCK);
  const left = load<u32>(map, M_REFS) - 1;
  store<u32>(map, left, M_REFS);
  unlock(map + M_LOCK);
  if (left) return;
  if (load<u32>(map, MAP_LATER)) {
    removeAllLater(map);
    free(load<u32>(map, MAP_LATER));
  }
  if (isStorage(load<u32>(map, MAP_TYPE))) dropStorage(map);
  freeSlabs(map);
  store<u32>(map, 0, MAP_MAGIC);
  free(map);
}

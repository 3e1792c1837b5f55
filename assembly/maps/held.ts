import {
  MAP_TYPE,
  OBJ_CGROUP,
  OBJ_HEADER,
  OBJ_KIND,
  OBJ_MAGIC,
  OBJ_MAGIC_VALUE,
  OBJ_REFS,
} from '../../src/abi/layout';
import { MAP_TYPE_ARRAY_OF_MAPS, MAP_TYPE_CGROUP_ARRAY } from '../../src/abi/maps';
import { free } from '../memory/allocator';
import { holdInner, releaseInner } from './nesting';

// What object arrays hold references to: inner maps, and objects of the host's (a cgroup), which live at least as long.
// Programs of tail calls are not counted: descriptors stay where they are.

function kindOf(structure: u32): u32 {
  if (structure < <u32>OBJ_HEADER) return 0;
  const header = structure - OBJ_HEADER;
  return load<u32>(header, OBJ_MAGIC) == OBJ_MAGIC_VALUE ? load<u32>(header, OBJ_KIND) : 0;
}

/** Is there an object of the host's, of that kind (OBJ_*), whose structure is at the address? */
export function isObject(structure: u32, kind: u32): bool {
  return kindOf(structure) == kind;
}

export function holdObject(structure: u32): void {
  const refs = structure - OBJ_HEADER + OBJ_REFS;
  if (ASC_FEATURE_THREADS) atomic.add<u32>(refs, 1);
  else store<u32>(refs, load<u32>(refs) + 1);
}

/** Drops a reference; the object's memory goes with the last. */
export function dropObject(structure: u32): void {
  const header = structure - OBJ_HEADER;
  const refs = header + OBJ_REFS;
  let left: u32;
  if (ASC_FEATURE_THREADS) left = atomic.sub<u32>(refs, 1) - 1;
  else store<u32>(refs, (left = load<u32>(refs) - 1));
  if (left) return;
  store<u32>(header, 0, OBJ_MAGIC);
  free(header);
}

/** Counts the reference of `map` to what is to be its element; false when it cannot be. */
export function hold(map: u32, object: u32): bool {
  const type = load<u32>(map, MAP_TYPE);
  if (type == MAP_TYPE_ARRAY_OF_MAPS) return holdInner(map, object);
  if (type != MAP_TYPE_CGROUP_ARRAY) return true;
  if (!isObject(object, OBJ_CGROUP)) return false;
  holdObject(object);
  return true;
}

/** `object` is no element of `map` any more; 0 is allowed. */
export function drop(map: u32, object: u32): void {
  const type = load<u32>(map, MAP_TYPE);
  if (object == 0) return;
  if (type == MAP_TYPE_ARRAY_OF_MAPS) releaseInner(object);
  else if (type == MAP_TYPE_CGROUP_ARRAY) dropObject(object);
}

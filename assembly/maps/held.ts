import { MAP_TYPE, OBJ_CGROUP } from '../../src/abi/layout';
import { MAP_TYPE_ARRAY_OF_MAPS, MAP_TYPE_CGROUP_ARRAY } from '../../src/abi/maps';
import { objectRelease, objectTryAcquire } from '../objects/registry';
import { holdInner, releaseInner } from './nesting';

// What object arrays hold references to: inner maps, and objects of the host's (a cgroup), which live at least as long.
// Programs of tail calls are not counted: descriptors stay where they are.

/** Counts the reference of `map` to what is to be its element; false when it cannot be. */
export function hold(map: u32, object: u32): bool {
  const type = load<u32>(map, MAP_TYPE);
  if (type == MAP_TYPE_ARRAY_OF_MAPS) return holdInner(map, object);
  return type != MAP_TYPE_CGROUP_ARRAY || objectTryAcquire(object, OBJ_CGROUP) != 0;
}

/** `object` is no element of `map` any more; 0 is allowed. */
export function drop(map: u32, object: u32): void {
  const type = load<u32>(map, MAP_TYPE);
  if (object == 0) return;
  if (type == MAP_TYPE_ARRAY_OF_MAPS) releaseInner(object);
  else if (type == MAP_TYPE_CGROUP_ARRAY) objectRelease(object);
}

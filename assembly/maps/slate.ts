import { MAP_ID, MAP_MAX_ENTRIES, MAP_TYPE, MAP_VALUE_SIZE, PROG_ID } from '../../src/abi/layout';
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOMEM,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_XSKMAP,
} from '../../src/abi/maps';
import { copy } from '../memory/bytes';
import { lock, unlock } from '../memory/lock';
import { addCount, hideValues, M_LOCK, reserveValues, valueAt } from './descriptor';
import { drop, hold } from './held';

// Arrays whose elements may be missing: the first u32 of a value is 0 where there is none.
//  - object arrays (of programs, maps, cgroups) hold addresses of descriptors and structures, hidden from programs;
//  - port maps (devmap, cpumap, xskmap) hold what the host makes of a redirect: ifindex, queue size, socket.

export function slateInit(map: u32): i32 {
  return reserveValues(map, load<u32>(map, MAP_MAX_ENTRIES), 1) ? 0 : -ENOMEM;
}

export function objectsInit(map: u32): i32 {
  const error = slateInit(map);
  hideValues(map);
  return error;
}

/** Address of the value at `index`, or 0 when there is none. */
export function slateAt(map: u32, index: u32): u32 {
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return 0;
  const value = valueAt(map, index);
  return load<u32>(value) ? value : 0;
}

/** Descriptor at `index` of an object array, or 0. */
export function objectAt(map: u32, index: u32): u32 {
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return 0;
  return load<u32>(valueAt(map, index));
}

/** For the host: address of the number that stands for the program or map. */
export function objectPeek(map: u32, key: u32): u32 {
  const object = objectAt(map, load<u32>(key));
  if (object == 0) return 0;
  return object + (load<u32>(map, MAP_TYPE) == MAP_TYPE_PROG_ARRAY ? PROG_ID : MAP_ID);
}

function swap(map: u32, index: u32, object: u32): u32 {
  const at = valueAt(map, index);
  lock(map + M_LOCK);
  const old = load<u32>(at);
  store<u32>(at, object);
  addCount(map, (object != 0 ? 1 : 0) - (old != 0 ? 1 : 0));
  unlock(map + M_LOCK);
  return old;
}

/** `value` holds the address of a program descriptor, of a map, or of the structure of a cgroup. */
export function objectUpdate(map: u32, key: u32, value: u32, flags: u64): i32 {
  const index = load<u32>(key);
  const object = load<u32>(value);
  if (flags != BPF_ANY || object == 0) return -EINVAL;
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return -E2BIG;
  if (!hold(map, object)) return -EINVAL;
  drop(map, swap(map, index, object));
  return 0;
}

export function objectDelete(map: u32, key: u32): i32 {
  const index = load<u32>(key);
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return -E2BIG;
  const old = swap(map, index, 0);
  drop(map, old);
  return old ? 0 : -ENOENT;
}

/** The map goes: it holds nothing any more. */
export function clearObjects(map: u32): void {
  const entries = load<u32>(map, MAP_MAX_ENTRIES);
  for (let index: u32 = 0; index < entries; ++index) drop(map, objectAt(map, index));
}

/** Where presence decides (sockets); elsewhere the kernel treats port maps as arrays. */
function portFlagError(map: u32, old: u32, flags: u64): i32 {
  if (load<u32>(map, MAP_TYPE) != MAP_TYPE_XSKMAP) return flags == BPF_NOEXIST ? -EEXIST : 0;
  if (old && flags == BPF_NOEXIST) return -EEXIST;
  return old == 0 && flags == BPF_EXIST ? -ENOENT : 0;
}

/** A value that begins with 0 removes the entry. */
export function portUpdate(map: u32, key: u32, value: u32, flags: u64): i32 {
  const index = load<u32>(key);
  if (flags > <u64>BPF_EXIST) return -EINVAL;
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return -E2BIG;
  const to = valueAt(map, index);
  const error = portFlagError(map, load<u32>(to), flags);
  if (error) return error;
  copy(to + 4, value + 4, load<u32>(map, MAP_VALUE_SIZE) - 4);
  swap(map, index, load<u32>(value));
  return 0;
}

export function portDelete(map: u32, key: u32): i32 {
  const index = load<u32>(key);
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return -EINVAL;
  swap(map, index, 0);
  return 0;
}

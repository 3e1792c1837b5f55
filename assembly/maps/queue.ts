import { MAP_COUNT, MAP_MAX_ENTRIES, MAP_TYPE, MAP_VALUE_SIZE } from '../../src/abi/layout';
import { BPF_EXIST, BPF_NOEXIST, E2BIG, EINVAL, ENOENT, ENOMEM, MAP_TYPE_STACK } from '../../src/abi/maps';
import { copy, zero } from '../memory/bytes';
import { lock, unlock } from '../memory/lock';
import { addCount, hideValues, M_LOCK, M_TYPE, reserveValues, valueAt } from './descriptor';

/** Queues and stacks: a ring of values from the oldest on. Values go in and out by copy only. */
const M_OLDEST: i32 = M_TYPE;

export function queueInit(map: u32): i32 {
  const reserved = reserveValues(map, load<u32>(map, MAP_MAX_ENTRIES), 1);
  hideValues(map);
  return reserved ? 0 : -ENOMEM;
}

/** The value `distance` after the oldest. */
function nth(map: u32, distance: u32): u32 {
  const entries = load<u32>(map, MAP_MAX_ENTRIES) as u64;
  return valueAt(map, (((load<u32>(map, M_OLDEST) as u64) + distance) % entries) as u32);
}

function dropOldest(map: u32): void {
  const next = load<u32>(map, M_OLDEST) + 1;
  store<u32>(map, next == load<u32>(map, MAP_MAX_ENTRIES) ? 0 : next, M_OLDEST);
  addCount(map, -1);
}

function pushLocked(map: u32, value: u32, overwrite: bool): i32 {
  if (load<u32>(map, MAP_COUNT) == load<u32>(map, MAP_MAX_ENTRIES)) {
    if (!overwrite) return -E2BIG;
    dropOldest(map);
  }
  copy(nth(map, load<u32>(map, MAP_COUNT)), value, load<u32>(map, MAP_VALUE_SIZE));
  addCount(map, 1);
  return 0;
}

/** BPF_EXIST: a full map drops its oldest value, else -E2BIG. */
export function queuePush(map: u32, value: u32, flags: u64): i32 {
  if (flags & BPF_NOEXIST || flags > <u64>BPF_EXIST) return -EINVAL;
  lock(map + M_LOCK);
  const result = pushLocked(map, value, (flags & BPF_EXIST) != 0);
  unlock(map + M_LOCK);
  return result;
}

function takeLocked(map: u32, out: u32, remove: bool): i32 {
  const count = load<u32>(map, MAP_COUNT);
  const size = load<u32>(map, MAP_VALUE_SIZE);
  if (count == 0) {
    zero(out, size);
    return -ENOENT;
  }
  const newest = load<u32>(map, MAP_TYPE) == MAP_TYPE_STACK;
  copy(out, nth(map, newest ? count - 1 : 0), size);
  if (!remove) return 0;
  if (newest) addCount(map, -1);
  else dropOldest(map);
  return 0;
}

/** The oldest of a queue, the newest of a stack. -ENOENT and zeros when there is none. */
export function queueTake(map: u32, out: u32, remove: bool): i32 {
  lock(map + M_LOCK);
  const result = takeLocked(map, out, remove);
  unlock(map + M_LOCK);
  return result;
}

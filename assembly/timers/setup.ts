/** What timers and work have in common before they are started: 0 or a negative error number. */
import { EBUSY, EINVAL, ENOMEM } from '../../src/abi/maps';
import { valueOf } from './fields';
import { addLater, E_FUNC, entryOf, lockLater, numberIn, unlockLater } from './table';

export function initLater(field: u32, map: u32, kind: u32, clock: u32): i32 {
  lockLater();
  let error = 0;
  if (numberIn(field)) error = -EBUSY;
  else if (addLater(field, map, valueOf(map, field, kind), clock) == 0) error = -ENOMEM;
  unlockLater();
  return error;
}

export function setLater(field: u32, func: u32): i32 {
  lockLater();
  const number = numberIn(field);
  if (number) store<u32>(entryOf(number), func, E_FUNC);
  unlockLater();
  return number ? 0 : -EINVAL;
}

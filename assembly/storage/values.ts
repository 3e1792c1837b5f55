import { MAP_VALUE_STRIDE } from '../../src/abi/layout';
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, EEXIST, EINVAL, ENOENT, ENOMEM } from '../../src/abi/maps';
import { copyOut } from '../maps/copyOut';
import { copyValue } from '../maps/descriptor';
import { closeValue, flagsAllowed, openValue } from '../maps/guard';
import { zero } from '../memory/bytes';
import {
  attach,
  detach,
  elementFrom,
  elementOf,
  lockStorage,
  ownerIn,
  slotFound,
  takeElement,
  unlockStorage,
  valueIn,
} from './elements';

// Values of local storage maps by the object they belong to, as bpf_local_storage_update() and its like.

/** Address of the value of `owner`; 0 when it has none. */
export function storageLookup(map: u32, owner: u32): u32 {
  lockStorage();
  const element = elementOf(map, owner);
  unlockStorage();
  return element ? valueIn(element) : 0;
}

function overwrite(map: u32, to: u32, value: u32): void {
  const word = closeValue(map, to);
  copyValue(map, to, value);
  openValue(word);
}

/** A new element takes the old one's place: who points to the old value still reads the old value. */
function replace(map: u32, owner: u32, old: u32, value: u32): i32 {
  const element = takeElement(map);
  if (element == 0) return -ENOMEM;
  zero(valueIn(element), load<u32>(map, MAP_VALUE_STRIDE));
  if (value) copyValue(map, valueIn(element), value);
  if (old) detach(old);
  attach(owner, element);
  return 0;
}

function updateLocked(map: u32, owner: u32, value: u32, flags: u64): i32 {
  const old = elementOf(map, owner);
  if (old == 0) return flags & BPF_EXIST ? -ENOENT : replace(map, owner, 0, value);
  if (flags & BPF_NOEXIST) return -EEXIST;
  if (!(flags & BPF_F_LOCK)) return replace(map, owner, old, value);
  overwrite(map, valueIn(old), value);
  return 0;
}

/** `value` 0: zeros. 0 or a negative error number. */
export function storageUpdate(map: u32, owner: u32, value: u32, flags: u64): i32 {
  if (!flagsAllowed(map, flags)) return -EINVAL;
  lockStorage();
  const result = updateLocked(map, owner, value, flags);
  unlockStorage();
  return result;
}

export function storageDelete(map: u32, owner: u32): i32 {
  lockStorage();
  const element = elementOf(map, owner);
  if (element) detach(element);
  unlockStorage();
  return element ? 0 : -ENOENT;
}

/** Owners and values from the element numbered `cursor` on, at most `max`; how many. `nextSlot` is where it ended. */
export function storageDump(map: u32, cursor: u32, keys: u32, values: u32, max: u32): u32 {
  const stride = load<u32>(map, MAP_VALUE_STRIDE);
  let count: u32 = 0;
  lockStorage();
  for (nextSlot = cursor; count < max; ++count) {
    const element = elementFrom(map, nextSlot);
    if (element == 0) break;
    nextSlot = slotFound + 1;
    store<u32>(keys + count * 8, ownerIn(element));
    copyOut(map, valueIn(element), values + count * stride, false);
  }
  unlockStorage();
  return count;
}

export let nextSlot: u32 = 0;

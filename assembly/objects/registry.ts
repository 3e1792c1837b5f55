/**
 * Objects of the host that programs hold pointers to (OBJ_* of src/abi/layout.ts): a header, behind it the structure. An
 * object is known by the address of its structure; all of them stand in one array, sorted, so that an address that a
 * program has made up is never taken for one.
 */
import {
  HDR_OBJECTS,
  HDR_OBJECTS_CAPACITY,
  HDR_OBJECTS_COUNT,
  HDR_OBJECTS_ID,
  HDR_OBJECTS_LOCK,
  HEADER,
  OBJ_COOKIE,
  OBJ_HEADER,
  OBJ_ID,
  OBJ_KIND,
  OBJ_MAGIC,
  OBJ_MAGIC_VALUE,
  OBJ_PARENT,
  OBJ_REFS,
  OBJ_SIZE,
} from '../../src/abi/layout';
import { free, reserve } from '../memory/allocator';
import { lock, unlock } from '../memory/lock';
import { dropOwner } from '../storage/elements';

const LOCK: u32 = HEADER + HDR_OBJECTS_LOCK;
const FIRST_CAPACITY: u32 = 64;

function slot(index: u32): u32 {
  return load<u32>(HEADER, HDR_OBJECTS) + index * 4;
}

/** Number of structures at or below the address. */
function countUpTo(address: u32): u32 {
  let low: u32 = 0;
  let high = load<u32>(HEADER, HDR_OBJECTS_COUNT);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(slot(middle)) <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function growArray(): bool {
  const capacity = load<u32>(HEADER, HDR_OBJECTS_CAPACITY);
  if (load<u32>(HEADER, HDR_OBJECTS_COUNT) < capacity) return true;
  const larger = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
  const array = reserve((larger as u64) * 4);
  if (array == 0) return false;
  const old = load<u32>(HEADER, HDR_OBJECTS);
  if (capacity) memory.copy(array, old, capacity * 4);
  free(old);
  store<u32>(HEADER, array, HDR_OBJECTS);
  store<u32>(HEADER, larger, HDR_OBJECTS_CAPACITY);
  return true;
}

function insert(structure: u32): bool {
  if (!growArray()) return false;
  const count = load<u32>(HEADER, HDR_OBJECTS_COUNT);
  const index = countUpTo(structure);
  memory.copy(slot(index + 1), slot(index), (count - index) * 4);
  store<u32>(slot(index), structure);
  store<u32>(HEADER, count + 1, HDR_OBJECTS_COUNT);
  return true;
}

function remove(structure: u32): void {
  const count = load<u32>(HEADER, HDR_OBJECTS_COUNT);
  const index = countUpTo(structure);
  memory.copy(slot(index - 1), slot(index), (count - index) * 4);
  store<u32>(HEADER, count - 1, HDR_OBJECTS_COUNT);
}

/** An object with one reference, the host's, and a structure of zeros, whose address it returns; 0 without memory. */
export function objectCreate(kind: u32, size: u32, parent: u32): u32 {
  const header = reserve((size as u64) + OBJ_HEADER);
  if (header == 0) return 0;
  const structure = header + OBJ_HEADER;
  store<u32>(header, OBJ_MAGIC_VALUE, OBJ_MAGIC);
  store<u32>(header, kind, OBJ_KIND);
  store<u32>(header, 1, OBJ_REFS);
  store<u32>(header, size, OBJ_SIZE);
  lock(LOCK);
  const id = load<u32>(HEADER, HDR_OBJECTS_ID) + 1;
  store<u32>(HEADER, id, HDR_OBJECTS_ID);
  store<u32>(header, id, OBJ_ID);
  const isIn = insert(structure);
  unlock(LOCK);
  if (!isIn) {
    free(header);
    return 0;
  }
  objectSetParent(structure, parent);
  return structure;
}

/** What the object belongs to from now on (0: nothing); it holds a reference to it. */
export function objectSetParent(structure: u32, parent: u32): void {
  const old = load<u32>(structure - OBJ_HEADER, OBJ_PARENT);
  if (parent) objectAcquire(parent);
  store<u32>(structure - OBJ_HEADER, parent, OBJ_PARENT);
  if (old) objectRelease(old);
}

export function objectAcquire(structure: u32): void {
  const refs = structure - OBJ_HEADER + OBJ_REFS;
  if (ASC_FEATURE_THREADS) atomic.add<u32>(refs, 1);
  else store<u32>(refs, load<u32>(refs) + 1);
}

/** One reference more, unless the last one has gone meanwhile. */
export function objectTryAcquire(address: u64, kind: u32): u32 {
  lock(LOCK);
  const structure = find(address, kind);
  if (structure) objectAcquire(structure);
  unlock(LOCK);
  return structure;
}

/** The object of a kind with this cookie, with one reference more; 0 when there is none. It looks at all objects. */
export function objectTryAcquireBy(kind: u32, cookie: u64): u32 {
  let found: u32 = 0;
  lock(LOCK);
  const count = load<u32>(HEADER, HDR_OBJECTS_COUNT);
  for (let index: u32 = 0; index < count && found == 0; ++index) {
    const header = load<u32>(slot(index)) - OBJ_HEADER;
    if (load<u32>(header, OBJ_KIND) == kind && load<u64>(header, OBJ_COOKIE) == cookie) found = header + OBJ_HEADER;
  }
  if (found) objectAcquire(found);
  unlock(LOCK);
  return found;
}

function dropReference(structure: u32): u32 {
  const refs = structure - OBJ_HEADER + OBJ_REFS;
  if (ASC_FEATURE_THREADS) return atomic.sub<u32>(refs, 1) - 1;
  const left = load<u32>(refs) - 1;
  store<u32>(refs, left);
  return left;
}

/** Gives a reference back; with the last one the object goes, and what it holds of what it belongs to. */
export function objectRelease(structure: u32): void {
  while (structure) {
    // Under the lock, so that nobody who looks for it takes a reference after the last.
    lock(LOCK);
    const isLast = dropReference(structure) == 0;
    if (isLast) remove(structure);
    unlock(LOCK);
    if (!isLast) return;
    const header = structure - OBJ_HEADER;
    structure = load<u32>(header, OBJ_PARENT);
    dropOwner(header + OBJ_HEADER);
    store<u32>(header, 0, OBJ_MAGIC);
    free(header);
  }
}

/** The structure at this very address, if it is one of an object of this kind (0: of any kind); else 0. */
function find(address: u64, kind: u32): u32 {
  if (address > <u64>u32.MAX_VALUE) return 0;
  const below = countUpTo(<u32>address);
  if (below == 0 || load<u32>(slot(below - 1)) != <u32>address) return 0;
  return kind == 0 || load<u32>(<u32>address - OBJ_HEADER, OBJ_KIND) == kind ? <u32>address : 0;
}

/** As `find`, for everybody. */
export function objectAt(address: u64, kind: u32): u32 {
  lock(LOCK);
  const structure = find(address, kind);
  unlock(LOCK);
  return structure;
}

/** Whether [address, address + size) lies in the structure of one object. */
export function insideObject(address: u64, size: u64): bool {
  if (address > <u64>u32.MAX_VALUE || load<u32>(HEADER, HDR_OBJECTS_COUNT) == 0) return false;
  lock(LOCK);
  const below = countUpTo(<u32>address);
  const structure = below == 0 ? 0 : load<u32>(slot(below - 1));
  const length = structure ? load<u32>(structure - OBJ_HEADER, OBJ_SIZE) : 0;
  unlock(LOCK);
  const offset = address - <u64>structure;
  return structure != 0 && offset <= <u64>length && size <= <u64>length - offset;
}

/**
 * Elements of local storage maps. An object of the host has a chain of its elements, of whichever maps; a map has its
 * elements in blocks, each as large as all before it together, which stay the map's for as long as it is there.
 *
 * A freed element waits in a queue behind QUARANTINE others, in shared memory until the runs that may look at it have
 * ended, before it is handed out again: programs may read a value that was deleted or replaced under them.
 */
import {
  HDR_STORAGE_LOCK,
  HEADER,
  MAP_VALUE_SIZE,
  MAP_VALUE_STRIDE,
  OBJ_HEADER,
  OBJ_STORAGE,
} from '../../src/abi/layout';
import {
  ENOMEM,
  MAP_TYPE_CGRP_STORAGE,
  MAP_TYPE_INODE_STORAGE,
  MAP_TYPE_SK_STORAGE,
  MAP_TYPE_TASK_STORAGE,
} from '../../src/abi/maps';
import { addCount, M_CPUS, M_TABLE, M_THIRD, M_TYPE } from '../maps/fields';
import { goesOn, note, noteBytes, PASSED } from '../maps/grace';
import { free, reserve } from '../memory/allocator';
import { lock, unlock } from '../memory/lock';

const M_NOTES: i32 = M_THIRD;
const M_USED: i32 = M_TYPE; // elements that are, or were, in use
const M_FREE_HEAD: i32 = M_TYPE + 4;
const M_FREE_TAIL: i32 = M_TYPE + 8;
const M_FREE_COUNT: i32 = M_TYPE + 12;
/** Freed elements, from the head on, that no run can look at any more; and those whose runs were noted. */
const M_SAFE: i32 = M_TYPE + 16;
const M_NOTED: i32 = M_TYPE + 20;

/** Before each value: the object it belongs to (0: none), the next in its chain or in the queue, the map. */
const E_OWNER: i32 = 0;
const E_NEXT: i32 = 4;
const E_MAP: i32 = 8;
const ELEMENT: u32 = 16;

const FIRST_BLOCK: u32 = 64;
const BLOCKS: u32 = 26;
const QUARANTINE: u32 = 1024;

const LOCK: u32 = HEADER + HDR_STORAGE_LOCK;

/** One lock for all chains: what belongs to an object goes with it, whichever map it is in. */
export function lockStorage(): void {
  lock(LOCK);
}

export function unlockStorage(): void {
  unlock(LOCK);
}

export function isStorage(type: u32): bool {
  return (
    type == MAP_TYPE_SK_STORAGE ||
    type == MAP_TYPE_INODE_STORAGE ||
    type == MAP_TYPE_TASK_STORAGE ||
    type == MAP_TYPE_CGRP_STORAGE
  );
}

/** 0 or a negative error number. */
export function storageInit(map: u32): i32 {
  store<u32>(map, (load<u32>(map, MAP_VALUE_SIZE) + 7) & ~7, MAP_VALUE_STRIDE);
  store<u32>(map, 1, M_CPUS);
  store<u32>(map, reserve(BLOCKS * 4), M_TABLE);
  if (load<u32>(map, M_TABLE) == 0) return -ENOMEM;
  if (!ASC_FEATURE_THREADS) return 0;
  store<u32>(map, reserve(noteBytes()), M_NOTES);
  return load<u32>(map, M_NOTES) ? 0 : -ENOMEM;
}

// ---- blocks ----------------------------------------------------------------------------------------------------

function stride(map: u32): u32 {
  return ELEMENT + load<u32>(map, MAP_VALUE_STRIDE);
}

function blockOf(slot: u32): u32 {
  return 32 - clz(slot / FIRST_BLOCK);
}

/** Number of the first element of a block: how many are in those before it. */
function firstOf(block: u32): u32 {
  return block == 0 ? 0 : FIRST_BLOCK << (block - 1);
}

function elementsIn(block: u32): u32 {
  return block == 0 ? FIRST_BLOCK : firstOf(block);
}

function blockAt(map: u32, block: u32): u32 {
  return load<u32>(load<u32>(map, M_TABLE) + block * 4);
}

function elementAt(map: u32, slot: u32): u32 {
  const block = blockOf(slot);
  return blockAt(map, block) + (slot - firstOf(block)) * stride(map);
}

function makeBlock(map: u32, block: u32): bool {
  if (block >= BLOCKS) return false;
  const bytes = (elementsIn(block) as u64) * stride(map);
  const made = reserve(bytes);
  if (made) store<u32>(load<u32>(map, M_TABLE) + block * 4, made);
  return made != 0;
}

/** An element that was never used; 0 without memory. */
function freshElement(map: u32): u32 {
  const slot = load<u32>(map, M_USED);
  const block = blockOf(slot);
  if (slot == firstOf(block) && blockAt(map, block) == 0 && !makeBlock(map, block)) return 0;
  store<u32>(map, slot + 1, M_USED);
  const element = elementAt(map, slot);
  store<u32>(element, map, E_MAP);
  return element;
}

function insideBlock(map: u32, block: u32, address: u32, size: u64): bool {
  const start = blockAt(map, block);
  if (start == 0 || address < start) return false;
  const offset = address - start;
  if (offset / stride(map) >= elementsIn(block)) return false;
  const inElement = offset % stride(map);
  return inElement >= ELEMENT && inElement - ELEMENT + size <= <u64>load<u32>(map, MAP_VALUE_SIZE);
}

/** Whether [address, address + size) lies in a value of the map: for programs that are not verified. */
export function insideStorage(map: u32, address: u64, size: u64): bool {
  if (address > <u64>u32.MAX_VALUE || size > <u64>u32.MAX_VALUE) return false;
  for (let block: u32 = 0; block < BLOCKS && blockAt(map, block); ++block) {
    if (insideBlock(map, block, address as u32, size)) return true;
  }
  return false;
}

// ---- freed elements --------------------------------------------------------------------------------------------

function takeFree(map: u32): u32 {
  const element = load<u32>(map, M_FREE_HEAD);
  if (element == 0) return 0;
  const next = load<u32>(element, E_NEXT);
  store<u32>(map, next, M_FREE_HEAD);
  if (next == 0) store<u32>(map, 0, M_FREE_TAIL);
  store<u32>(map, load<u32>(map, M_FREE_COUNT) - 1, M_FREE_COUNT);
  return element;
}

function giveElement(element: u32): void {
  const map = load<u32>(element, E_MAP);
  store<u32>(element, 0, E_OWNER);
  store<u32>(element, 0, E_NEXT);
  const tail = load<u32>(map, M_FREE_TAIL);
  if (tail) store<u32>(tail, element, E_NEXT);
  else store<u32>(map, element, M_FREE_HEAD);
  store<u32>(map, element, M_FREE_TAIL);
  store<u32>(map, load<u32>(map, M_FREE_COUNT) + 1, M_FREE_COUNT);
}

/** In shared memory: moves freed elements on in the queue, as far as the runs that were noted have ended. */
function settle(map: u32): void {
  const notes = load<u32>(map, M_NOTES);
  if (load<u32>(map, M_NOTED) && goesOn(notes) != PASSED) return;
  const safe = load<u32>(map, M_SAFE) + load<u32>(map, M_NOTED);
  const since = load<u32>(map, M_FREE_COUNT) - safe;
  store<u32>(map, safe, M_SAFE);
  store<u32>(map, since, M_NOTED);
  if (since) note(notes);
}

function takeSafe(map: u32): u32 {
  if (!ASC_FEATURE_THREADS) return load<u32>(map, M_FREE_COUNT) > QUARANTINE ? takeFree(map) : 0;
  if (load<u32>(map, M_SAFE) == 0) settle(map);
  const safe = load<u32>(map, M_SAFE);
  if (safe == 0) return 0;
  store<u32>(map, safe - 1, M_SAFE);
  return takeFree(map);
}

/** An element that belongs to nobody, its value at valueIn(); 0 without memory. */
export function takeElement(map: u32): u32 {
  const safe = takeSafe(map);
  if (safe) return safe;
  const fresh = freshElement(map);
  // Without threads nobody but the program that deleted it can look at it.
  return fresh == 0 && !ASC_FEATURE_THREADS ? takeFree(map) : fresh;
}

// ---- chains of objects -----------------------------------------------------------------------------------------

@inline
export function valueIn(element: u32): u32 {
  return element + ELEMENT;
}

function chainOf(owner: u32): u32 {
  return owner - OBJ_HEADER + OBJ_STORAGE;
}

/** The element of `owner` in the map, or 0. */
export function elementOf(map: u32, owner: u32): u32 {
  let element = load<u32>(chainOf(owner));
  while (element && load<u32>(element, E_MAP) != map) element = load<u32>(element, E_NEXT);
  return element;
}

export function attach(owner: u32, element: u32): void {
  store<u32>(element, owner, E_OWNER);
  store<u32>(element, load<u32>(chainOf(owner)), E_NEXT);
  store<u32>(chainOf(owner), element);
  addCount(load<u32>(element, E_MAP), 1);
}

/** Takes the element from its object, and gives it back to its map. */
export function detach(element: u32): void {
  let link = chainOf(load<u32>(element, E_OWNER));
  while (load<u32>(link) != element) link = load<u32>(link) + E_NEXT;
  store<u32>(link, load<u32>(element, E_NEXT));
  addCount(load<u32>(element, E_MAP), -1);
  giveElement(element);
}

/** The object goes, and all that is stored with it. */
export function dropOwner(owner: u32): void {
  if (load<u32>(chainOf(owner)) == 0) return;
  lockStorage();
  for (let element = load<u32>(chainOf(owner)); element; element = load<u32>(chainOf(owner))) detach(element);
  unlockStorage();
}

/** The map goes: none of its elements is an object's any more. */
export function dropStorage(map: u32): void {
  lockStorage();
  for (let slot: u32 = 0; slot < load<u32>(map, M_USED); ++slot) {
    const element = elementAt(map, slot);
    if (load<u32>(element, E_OWNER)) detach(element);
  }
  unlockStorage();
  for (let block: u32 = 0; block < BLOCKS; ++block) free(blockAt(map, block));
}

export function ownerIn(element: u32): u32 {
  return load<u32>(element, E_OWNER);
}

/** The element in use from `slot` on; slotFound is its number. 0 when there is none. */
export function elementFrom(map: u32, slot: u32): u32 {
  for (; slot < load<u32>(map, M_USED); ++slot) {
    const element = elementAt(map, slot);
    if (load<u32>(element, E_OWNER) == 0) continue;
    slotFound = slot;
    return element;
  }
  return 0;
}

export let slotFound: u32 = 0;

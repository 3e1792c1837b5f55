import { MAP_TYPE, OBJ_CGROUP, OBJ_INODE, OBJ_SOCK, OBJ_TASK } from '../../src/abi/layout';
import {
  EBADF,
  ENOENT,
  MAP_TYPE_CGRP_STORAGE,
  MAP_TYPE_INODE_STORAGE,
  MAP_TYPE_TASK_STORAGE,
} from '../../src/abi/maps';
import { copyOut } from '../maps/copyOut';
import { objectAt } from '../objects/registry';
import { isSocket } from '../sockets/table';
import { storageDelete, storageLookup, storageUpdate } from './values';

// The host's operations: where the kernel has a file descriptor for a key, there is the address of the object.

function kindOf(type: u32): u32 {
  if (type == MAP_TYPE_TASK_STORAGE) return OBJ_TASK;
  if (type == MAP_TYPE_INODE_STORAGE) return OBJ_INODE;
  return type == MAP_TYPE_CGRP_STORAGE ? OBJ_CGROUP : OBJ_SOCK;
}

/** The object that the key names, if values of this map can belong to it; else 0. */
function ownerOf(map: u32, key: u32): u32 {
  const address = load<u32>(key);
  const kind = kindOf(load<u32>(map, MAP_TYPE));
  if (kind == OBJ_SOCK && isSocket(address)) return address;
  return objectAt(address, kind);
}

export function storageRead(map: u32, key: u32, out: u32, locked: bool): i32 {
  const owner = ownerOf(map, key);
  if (owner == 0) return -EBADF;
  const value = storageLookup(map, owner);
  if (value) copyOut(map, value, out, locked);
  return value ? 0 : -ENOENT;
}

export function storagePeek(map: u32, key: u32): u32 {
  const owner = ownerOf(map, key);
  return owner ? storageLookup(map, owner) : 0;
}

export function storageWrite(map: u32, key: u32, value: u32, flags: u64): i32 {
  const owner = ownerOf(map, key);
  return owner ? storageUpdate(map, owner, value, flags) : -EBADF;
}

export function storageRemove(map: u32, key: u32): i32 {
  const owner = ownerOf(map, key);
  return owner ? storageDelete(map, owner) : -EBADF;
}

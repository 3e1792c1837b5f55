import { MAP_VALUE_SIZE, OBJ_CGROUP, OBJ_INODE, OBJ_SOCK, OBJ_TASK } from '../../src/abi/layout';
import {
  BPF_NOEXIST,
  EINVAL,
  MAP_TYPE_CGRP_STORAGE,
  MAP_TYPE_INODE_STORAGE,
  MAP_TYPE_SK_STORAGE,
  MAP_TYPE_TASK_STORAGE,
} from '../../src/abi/maps';
import { PROG_TYPE_CGROUP_SOCK } from '../../src/abi/programTypes';
import { objectOrNullArgument } from '../objects/argument';
import { isFull } from '../sockets/socket';
import { storageDelete, storageLookup, storageUpdate } from '../storage/values';
import { errno, memoryArgument, typedMap } from './arguments';
import { contextSocket, programType, socketOrObject } from './socketArguments';

// Values that belong to sockets, tasks, cgroups and inodes.

/** BPF_LOCAL_STORAGE_GET_F_CREATE, the only flag. */
const CREATE: u64 = 1;

/** The value of `owner`; with CREATE a new one of what is at `initial`, or of zeros, where there is none. */
function valueOf(map: u32, owner: u32, initial: u64, flags: u64): u64 {
  if (flags & ~CREATE || owner == 0) return 0;
  const found = storageLookup(map, owner);
  if (found || flags == 0) return found;
  const value = initial ? memoryArgument(initial, load<u32>(map, MAP_VALUE_SIZE), 0) : 0;
  storageUpdate(map, owner, value, BPF_NOEXIST);
  return storageLookup(map, owner);
}

function deleteOf(map: u32, owner: u32): u64 {
  return errno(owner ? storageDelete(map, owner) : -EINVAL);
}

/** 0 for NULL, and for sockets with little more than addresses. */
function owningSocket(pointer: u64): u32 {
  const socket = socketOrObject(pointer);
  return socket && isFull(socket) ? socket : 0;
}

/** bpf_sk_storage_get(map, sk, value, flags): of programs of type cgroup_sock the socket is the context. */
export function bpf_sk_storage_get(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r1, MAP_TYPE_SK_STORAGE);
  const owner = programType() == PROG_TYPE_CGROUP_SOCK ? contextSocket(r2) : owningSocket(r2);
  return valueOf(map, owner, r3, r4);
}

export function bpf_sk_storage_delete(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return deleteOf(typedMap(r1, MAP_TYPE_SK_STORAGE), owningSocket(r2));
}

/** bpf_inode_storage_get(map, inode, value, flags) */
export function bpf_inode_storage_get(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r1, MAP_TYPE_INODE_STORAGE);
  return valueOf(map, objectOrNullArgument(r2, OBJ_INODE), r3, r4);
}

export function bpf_inode_storage_delete(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return deleteOf(typedMap(r1, MAP_TYPE_INODE_STORAGE), objectOrNullArgument(r2, OBJ_INODE));
}

/** bpf_task_storage_get(map, task, value, flags) */
export function bpf_task_storage_get(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r1, MAP_TYPE_TASK_STORAGE);
  return valueOf(map, objectOrNullArgument(r2, OBJ_TASK), r3, r4);
}

export function bpf_task_storage_delete(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return deleteOf(typedMap(r1, MAP_TYPE_TASK_STORAGE), objectOrNullArgument(r2, OBJ_TASK));
}

/** bpf_cgrp_storage_get(map, cgroup, value, flags) */
export function bpf_cgrp_storage_get(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r1, MAP_TYPE_CGRP_STORAGE);
  return valueOf(map, objectOrNullArgument(r2, OBJ_CGROUP), r3, r4);
}

export function bpf_cgrp_storage_delete(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return deleteOf(typedMap(r1, MAP_TYPE_CGRP_STORAGE), objectOrNullArgument(r2, OBJ_CGROUP));
}

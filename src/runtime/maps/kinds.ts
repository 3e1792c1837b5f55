/** Map types by how they are used. */
import * as abi from '../../abi/maps.ts';

export const isQueue = (type: number): boolean => type === abi.MAP_TYPE_QUEUE || type === abi.MAP_TYPE_STACK;
export const isRing = (type: number): boolean => type === abi.MAP_TYPE_RINGBUF;
export const isPerf = (type: number): boolean => type === abi.MAP_TYPE_PERF_EVENT_ARRAY;
export const isUserRing = (type: number): boolean => type === abi.MAP_TYPE_USER_RINGBUF;
export const isBloom = (type: number): boolean => type === abi.MAP_TYPE_BLOOM_FILTER;
/** Local storage: values that belong to objects of the host. */
export const isStorage = (type: number): boolean =>
  type === abi.MAP_TYPE_SK_STORAGE ||
  type === abi.MAP_TYPE_INODE_STORAGE ||
  type === abi.MAP_TYPE_TASK_STORAGE ||
  type === abi.MAP_TYPE_CGRP_STORAGE;
export const isArena = (type: number): boolean => type === abi.MAP_TYPE_ARENA;
/** Maps with keys and values, used like a `Map`. */
export const isKeyed = (type: number): boolean =>
  ![isQueue, isRing, isPerf, isUserRing, isBloom, isArena].some((is) => is(type));
export const isProgramArray = (type: number): boolean => type === abi.MAP_TYPE_PROG_ARRAY;
export const isMapOfMaps = (type: number): boolean =>
  type === abi.MAP_TYPE_ARRAY_OF_MAPS || type === abi.MAP_TYPE_HASH_OF_MAPS;
/** A table of callbacks. */
export const isStructOps = (type: number): boolean => type === abi.MAP_TYPE_STRUCT_OPS;

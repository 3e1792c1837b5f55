import {
  HEADER,
  OBJ_COOKIE,
  OBJ_HEADER,
  OBJ_ID,
  OBJ_KIND,
  OBJ_MAGIC,
  OBJ_MAGIC_VALUE,
  OBJ_REFS,
  OBJ_SIZE,
  OBJ_SOCK,
} from '../../src/abi/layout';
import {
  BUCKETS,
  HDR_SOCKET_COOKIE,
  HDR_SOCKET_ID,
  HDR_SOCKETS,
  SOCK_FLAGS,
  SOCK_IS_TABLED,
  SOCK_NETNS,
  SOCK_NEXT,
  SOCK_NEXT_PORT,
  SOCK_SIZE,
  SOCK_SRC_PORT,
  SOCK_TCP,
  SOCK_VIEW_SIZE,
  TABLE_ADDRESSES,
  TABLE_LOCK,
  TABLE_PORTS,
  TABLE_SIZE,
  TCP_SIZE,
  VIEW_SOCKET,
} from '../../src/abi/sockets';
import { alloc, free } from '../memory/allocator';
import { lock, unlock } from '../memory/lock';
import { put } from './socket';

// All sockets, by their address; and those that programs can look up, by their local port. Chains of u32 addresses.

/** The table; 0 while no socket was ever made. */
export function socketTable(): u32 {
  return load<u32>(HEADER, HDR_SOCKETS);
}

export function lockTable(): void {
  lock(socketTable() + TABLE_LOCK);
}

export function unlockTable(): void {
  unlock(socketTable() + TABLE_LOCK);
}

/** Where the chain of sockets with this local port begins. */
export function portChain(port: u32): u32 {
  return socketTable() + TABLE_PORTS + ((port % BUCKETS) << 2);
}

/** A socket is shorter than what its address is divided by: what lies in it is in its own chain, or in the next. */
const ADDRESS_SHIFT: u32 = 9;

function addressChain(address: u32): u32 {
  return socketTable() + TABLE_ADDRESSES + (((address >>> ADDRESS_SHIFT) % BUCKETS) << 2);
}

/** Puts `socket` at the front of the chain at `head`, whose links are at `link`. */
function enter(head: u32, socket: u32, link: i32): void {
  store<u32>(socket + link, load<u32>(head));
  store<u32>(head, socket);
}

function leave(head: u32, socket: u32, link: i32): void {
  for (let at = head; load<u32>(at); at = load<u32>(at) + link) {
    if (load<u32>(at) != socket) continue;
    store<u32>(at, load<u32>(socket + link));
    return;
  }
}

/** Whether a socket begins at `address`: for pointers that come from unverified programs. */
export function isSocket(address: u32): bool {
  if (socketTable() == 0) return false;
  lockTable();
  let at = load<u32>(addressChain(address));
  while (at != 0 && at != address) at = load<u32>(at, SOCK_NEXT);
  unlockTable();
  return at != 0;
}

function isInViews(socket: u32, address: u32, size: u64): bool {
  const offset = address - socket;
  if (offset < <u32>SOCK_VIEW_SIZE) return offset + size <= <u64>SOCK_VIEW_SIZE;
  return offset >= <u32>SOCK_TCP && offset + size <= <u64>(SOCK_TCP + TCP_SIZE);
}

function isInChain(near: u32, address: u32, size: u64): bool {
  let socket = load<u32>(addressChain(near));
  while (socket && !isInViews(socket, address, size)) socket = load<u32>(socket, SOCK_NEXT);
  return socket != 0;
}

/** Whether [address, address + size) is what programs may read of a socket. */
export function insideSocket(address: u64, size: u64): bool {
  if (socketTable() == 0 || address > <u64>u32.MAX_VALUE) return false;
  const at = address as u32;
  lockTable();
  const found = isInChain(at, at, size) || isInChain(at - (1 << ADDRESS_SHIFT), at, size);
  unlockTable();
  return found;
}

function makeTable(): bool {
  if (socketTable() != 0) return true;
  const table = alloc(TABLE_SIZE);
  if (!ASC_FEATURE_THREADS) store<u32>(HEADER, table, HDR_SOCKETS);
  else if (atomic.cmpxchg<u32>(HEADER + HDR_SOCKETS, 0, table) != 0) free(table); // another thread was first
  return socketTable() != 0;
}

function nextCookie(): u64 {
  const next = load<u64>(HEADER, HDR_SOCKET_COOKIE) + 1;
  store<u64>(HEADER, next, HDR_SOCKET_COOKIE);
  return next;
}

/** A socket of which nothing is known yet but its number and a cookie of its own; 0 when memory is exhausted. */
export function socketCreate(): u32 {
  if (!makeTable()) return 0;
  const header = alloc(OBJ_HEADER + SOCK_SIZE);
  if (header == 0) return 0;
  const socket = header + OBJ_HEADER;
  store<u32>(header, OBJ_MAGIC_VALUE, OBJ_MAGIC);
  store<u32>(header, OBJ_SOCK, OBJ_KIND);
  store<u32>(header, 1, OBJ_REFS);
  store<u32>(header, SOCK_SIZE, OBJ_SIZE);
  store<u32>(socket + VIEW_SOCKET, socket);
  store<u32>(socket + SOCK_TCP + VIEW_SOCKET, socket);
  store<i32>(socket, -1, SOCK_NETNS);
  lockTable();
  const id = load<u32>(HEADER, HDR_SOCKET_ID) + 1;
  store<u32>(HEADER, id, HDR_SOCKET_ID);
  store<u32>(header, id, OBJ_ID);
  store<u64>(header, nextCookie(), OBJ_COOKIE);
  enter(addressChain(socket), socket, SOCK_NEXT);
  unlockTable();
  return socket;
}

/** Programs can look it up from here on, by the local port it has now. */
export function socketEnter(socket: u32): void {
  if (load<u32>(socket, SOCK_FLAGS) & SOCK_IS_TABLED) return;
  lockTable();
  store<u32>(socket, load<u32>(socket, SOCK_FLAGS) | SOCK_IS_TABLED, SOCK_FLAGS);
  enter(portChain(load<u32>(socket, SOCK_SRC_PORT)), socket, SOCK_NEXT_PORT);
  unlockTable();
}

/** Takes it out of the table: before its local port changes, and at its end. */
export function socketLeave(socket: u32): void {
  if (!(load<u32>(socket, SOCK_FLAGS) & SOCK_IS_TABLED)) return;
  lockTable();
  store<u32>(socket, load<u32>(socket, SOCK_FLAGS) & ~SOCK_IS_TABLED, SOCK_FLAGS);
  leave(portChain(load<u32>(socket, SOCK_SRC_PORT)), socket, SOCK_NEXT_PORT);
  unlockTable();
}

/** The host is done with the socket: it is no longer found, and its memory goes with the last reference. */
export function socketDestroy(socket: u32): void {
  socketLeave(socket);
  lockTable();
  leave(addressChain(socket), socket, SOCK_NEXT);
  unlockTable();
  put(socket);
}

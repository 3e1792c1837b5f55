import { OBJ_HEADER, OBJ_PARENT, OBJ_REFS } from '../../src/abi/layout';
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_LISTENER,
  SOCK_PROTOCOL,
  SOCK_STATE,
  TCP_LISTEN,
  TCP_NEW_SYN_RECV,
  TCP_TIME_WAIT,
  VIEW_SOCKET,
} from '../../src/abi/sockets';
import { free } from '../memory/allocator';
import { objectRelease } from '../objects/registry';
import { dropOwner } from '../storage/elements';

// A socket is known by the address of its first view. What the kernel asks of sockets, by their state.

/** Of objects of kind `sock`, whose members are the host's, nothing is known here: 0. */
export function stateOf(socket: u32): u32 {
  return load<u32>(socket + VIEW_SOCKET) == socket ? load<u32>(socket, SOCK_STATE) : 0;
}

export function protocolOf(socket: u32): u32 {
  return load<u32>(socket, SOCK_PROTOCOL);
}

/** sk_fullsock(): neither a request nor a time-wait socket, which have little more than addresses. */
export function isFull(socket: u32): bool {
  const state = stateOf(socket);
  return state != TCP_NEW_SYN_RECV && state != TCP_TIME_WAIT;
}

/** sk_to_full_sk(): a request stands for its listener; 0 for a time-wait socket. */
export function fullOf(socket: u32): u32 {
  if (stateOf(socket) == TCP_NEW_SYN_RECV) return load<u32>(socket, SOCK_LISTENER);
  return isFull(socket) ? socket : 0;
}

/** SOCK_RCU_FREE: the kernel counts no references of listeners and of UDP sockets. */
export function isRcuFree(socket: u32): bool {
  const protocol = protocolOf(socket);
  return protocol == IPPROTO_UDP || (protocol == IPPROTO_TCP && stateOf(socket) == TCP_LISTEN);
}

function countAt(socket: u32): u32 {
  return socket - OBJ_HEADER + OBJ_REFS;
}

export function hold(socket: u32): void {
  if (ASC_FEATURE_THREADS) atomic.add<u32>(countAt(socket), 1);
  else store<u32>(countAt(socket), load<u32>(countAt(socket)) + 1);
}

/** Gives a reference back; the memory goes with the last. */
export function put(socket: u32): void {
  let left: u32;
  if (ASC_FEATURE_THREADS) {
    left = atomic.sub<u32>(countAt(socket), 1) - 1;
  } else {
    left = load<u32>(countAt(socket)) - 1;
    store<u32>(countAt(socket), left);
  }
  if (left) return;
  dropOwner(socket);
  objectRelease(load<u32>(socket - OBJ_HEADER, OBJ_PARENT));
  free(socket - OBJ_HEADER);
}

import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  SOCK_BOUND_DEV_IF,
  SOCK_DST_IP4,
  SOCK_DST_IP6,
  SOCK_DST_PORT,
  SOCK_FAMILY,
  SOCK_FLAGS,
  SOCK_IS_IPV6_ONLY,
  SOCK_NETNS,
  SOCK_NEXT_PORT,
  SOCK_REUSEPORT,
  SOCK_SRC_IP4,
  SOCK_SRC_IP6,
  SOCK_SRC_PORT,
  TCP_ESTABLISHED,
  TCP_LISTEN,
} from '../../src/abi/sockets';
import { equal } from '../memory/bytes';
import { hold, isRcuFree, protocolOf, stateOf } from './socket';
import { lockTable, portChain, socketTable, unlockTable } from './table';

// Which socket a packet belongs to, as net/ipv4/inet_hashtables.c, net/ipv4/udp.c and their IPv6 relatives find it:
// connected sockets first, then those bound to the address, then those bound to any.

/** struct bpf_sock_tuple: of IPv4, and of IPv6. */
export const TUPLE4_SIZE: u32 = 12;
export const TUPLE6_SIZE: u32 = 36;

/** What is looked for: no managed objects here, so it is a handful of variables. Addresses are those of the tuple. */
let remote: u32 = 0;
let local: u32 = 0;
let addressSize: u32 = 0;
let remotePort: u32 = 0;
let localPort: u32 = 0;
let protocol: u32 = 0;
let device: u32 = 0;
let namespace: i32 = 0;

function isIpv4(): bool {
  return addressSize == 4;
}

function family(socket: u32): u32 {
  return load<u32>(socket, SOCK_FAMILY);
}

function localOf(socket: u32): u32 {
  return socket + (isIpv4() ? SOCK_SRC_IP4 : SOCK_SRC_IP6);
}

function remoteOf(socket: u32): u32 {
  return socket + (isIpv4() ? SOCK_DST_IP4 : SOCK_DST_IP6);
}

function isZero(address: u32): bool {
  for (let at: u32 = 0; at < addressSize; at += 4) if (load<u32>(address + at)) return false;
  return true;
}

function isCandidate(socket: u32): bool {
  if (load<u32>(socket, SOCK_SRC_PORT) != localPort || protocolOf(socket) != protocol) return false;
  if (load<i32>(socket, SOCK_NETNS) != namespace) return false;
  const bound = load<u32>(socket, SOCK_BOUND_DEV_IF);
  return bound == 0 || bound == device;
}

/** A socket of IPv6 that takes IPv4 has no IPv4 address of its own until it is connected. */
function speaksFamily(socket: u32): bool {
  if (!isIpv4()) return family(socket) == AF_INET6;
  return family(socket) == AF_INET || !(load<u32>(socket, SOCK_FLAGS) & SOCK_IS_IPV6_ONLY);
}

function isConnectedTo(socket: u32): bool {
  return (
    speaksFamily(socket) &&
    load<u16>(socket, SOCK_DST_PORT) == remotePort &&
    equal(remoteOf(socket), remote, addressSize) &&
    equal(localOf(socket), local, addressSize)
  );
}

function boundHere(socket: u32, any: bool): bool {
  return speaksFamily(socket) && (any ? isZero(localOf(socket)) : equal(localOf(socket), local, addressSize));
}

/** compute_score() of listeners: 0 where the socket does not match. */
function listenerScore(socket: u32, any: bool): i32 {
  if (stateOf(socket) != TCP_LISTEN || !isCandidate(socket) || !boundHere(socket, any)) return 0;
  const own = isIpv4() && family(socket) == AF_INET ? 1 : 0;
  return (load<u32>(socket, SOCK_BOUND_DEV_IF) ? 2 : 1) + own;
}

/** compute_score() of UDP: 0 where the socket does not match. */
function datagramScore(socket: u32, any: bool): i32 {
  if (!isCandidate(socket) || !boundHere(socket, any)) return 0;
  let score: i32 = isIpv4() && family(socket) == AF_INET ? 2 : 1;
  if (!isZero(remoteOf(socket))) {
    if (!equal(remoteOf(socket), remote, addressSize)) return 0;
    score += 4;
  }
  const port = load<u16>(socket, SOCK_DST_PORT);
  if (port) {
    if (port != remotePort) return 0;
    score += 4;
  }
  return load<u32>(socket, SOCK_BOUND_DEV_IF) ? score + 4 : score;
}

function connected(): u32 {
  let socket = load<u32>(portChain(localPort));
  for (; socket; socket = load<u32>(socket, SOCK_NEXT_PORT)) {
    if (stateOf(socket) != TCP_LISTEN && isCandidate(socket) && isConnectedTo(socket)) return socket;
  }
  return 0;
}

function score(socket: u32, any: bool): i32 {
  return protocol == IPPROTO_TCP ? listenerScore(socket, any) : datagramScore(socket, any);
}

/** FNV-1a over addresses and ports: the kernel's hash has a random key, so that its choice is nobody's to rely on. */
function flowHash(): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let at: u32 = 0; at < addressSize; ++at) {
    hash = (hash ^ load<u8>(remote + at)) * 0x01000193;
    hash = (hash ^ load<u8>(local + at)) * 0x01000193;
  }
  return (hash ^ (remotePort << 16) ^ localPort) * 0x01000193;
}

function isOfGroup(socket: u32, group: u32, any: bool): bool {
  return load<u32>(socket, SOCK_REUSEPORT) == group && score(socket, any) > 0;
}

/** One of the sockets of a reuseport group: always the same for the same flow. */
function ofGroup(best: u32, any: bool): u32 {
  const group = load<u32>(best, SOCK_REUSEPORT);
  if (group == 0 || stateOf(best) == TCP_ESTABLISHED) return best;
  let members: u32 = 0;
  let socket = load<u32>(portChain(localPort));
  for (; socket; socket = load<u32>(socket, SOCK_NEXT_PORT)) if (isOfGroup(socket, group, any)) ++members;
  let left = ((flowHash() as u64) * members) >>> 32;
  socket = load<u32>(portChain(localPort));
  for (; socket; socket = load<u32>(socket, SOCK_NEXT_PORT)) {
    if (isOfGroup(socket, group, any) && left-- == 0) return socket;
  }
  return best;
}

/** The best of those bound to the address (or to any); the one that was bound last where they are equal. */
function bestBound(any: bool): u32 {
  let best: u32 = 0;
  let highest: i32 = 0;
  let socket = load<u32>(portChain(localPort));
  for (; socket; socket = load<u32>(socket, SOCK_NEXT_PORT)) {
    const points = score(socket, any);
    if (points <= highest) continue;
    best = socket;
    highest = points;
  }
  return best ? ofGroup(best, any) : 0;
}

function find(): u32 {
  const exact = protocol == IPPROTO_TCP ? connected() : 0;
  if (exact) return exact;
  const here = bestBound(false);
  return here ? here : bestBound(true);
}

/**
 * The socket of the packet that `tuple` describes, with a reference where the kernel counts them; 0 for none.
 *
 * @param netns -1: the program's own namespace
 */
export function findSocket(tuple: u32, size: u32, proto: u32, ifindex: u32, netns: i32): u32 {
  if (socketTable() == 0) return 0;
  addressSize = size == TUPLE4_SIZE ? 4 : 16;
  remote = tuple;
  local = tuple + addressSize;
  remotePort = load<u16>(tuple + 2 * addressSize);
  localPort = bswap<u16>(load<u16>(tuple + 2 * addressSize + 2));
  protocol = proto;
  device = ifindex;
  namespace = netns;
  lockTable();
  const socket = find();
  if (socket && !isRcuFree(socket)) hold(socket);
  unlockTable();
  return socket;
}

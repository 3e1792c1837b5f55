import { CTX_SKB, CTX_XDP, OBJ_COOKIE, OBJ_HEADER, SKB_SK } from '../../src/abi/layout';
import { EINVAL, EOPNOTSUPP } from '../../src/abi/maps';
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  RUN_ARRIVES,
  RUN_SOCKET_CHOSEN,
  SOCK_FLAGS,
  SOCK_IS_TABLED,
  SOCK_NETNS,
  SOCK_NETNS_COOKIE,
  SOCK_TCP,
  SOCK_UID,
  TCP_LISTEN,
} from '../../src/abi/sockets';
import {
  PROG_TYPE_CGROUP_SOCK,
  PROG_TYPE_CGROUP_SOCK_ADDR,
  PROG_TYPE_SK_LOOKUP,
  PROG_TYPE_SOCK_OPS,
} from '../../src/abi/programTypes';
import { run } from '../run/state';
import { findSocket, TUPLE4_SIZE, TUPLE6_SIZE } from '../sockets/find';
import { giveBack, noteHeld } from '../sockets/held';
import { fullOf, isFull, isRcuFree, protocolOf, stateOf } from '../sockets/socket';
import { contextKind, errno, memoryArgument, refuse } from './arguments';
import { assignForLookup } from './skLookup';
import {
  anyContext,
  contextDevice,
  contextSocket,
  programType,
  requiredSocket,
  socketArgument,
} from './socketArguments';

// Helpers on sockets: net/core/filter.c.

/** overflowuid: of packets without a socket. */
const NOBODY: u64 = 65534;
/** The cookie of the first network namespace. */
const INITIAL_NETNS: u64 = 1;
const ENETUNREACH: i32 = 101;

/** __bpf_skc_lookup(): no flags, and the size of a tuple. Of XDP's namespaces the kernel sees the lower half. */
function lookup(context: u64, tuple: u64, size: u64, protocol: u32, netns: u64, flags: u64): u32 {
  anyContext(context);
  const length = size as u32;
  const at = memoryArgument(tuple, length, 0);
  if ((length != TUPLE4_SIZE && length != TUPLE6_SIZE) || flags) return 0;
  const id = netns as i32;
  if (id >= 0 && contextKind() != CTX_XDP && netns > <u64>i32.MAX_VALUE) return 0;
  const socket = findSocket(at, length, protocol, contextDevice(), id < 0 ? -1 : id);
  return socket && noteHeld(socket) ? socket : 0;
}

/** A request stands for its listener, of which no references are counted. */
function lookupFull(context: u64, tuple: u64, size: u64, protocol: u32, netns: u64, flags: u64): u64 {
  const socket = lookup(context, tuple, size, protocol, netns, flags);
  if (socket == 0) return 0;
  const full = fullOf(socket);
  if (full != socket) giveBack(socket);
  return full;
}

/** bpf_sk_lookup_tcp(ctx, tuple, tuple_size, netns, flags) */
export function bpf_sk_lookup_tcp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return lookupFull(r1, r2, r3, IPPROTO_TCP, r4, r5);
}

/** bpf_sk_lookup_udp(ctx, tuple, tuple_size, netns, flags) */
export function bpf_sk_lookup_udp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return lookupFull(r1, r2, r3, IPPROTO_UDP, r4, r5);
}

/** bpf_skc_lookup_tcp(ctx, tuple, tuple_size, netns, flags): requests and time-wait sockets, too. */
export function bpf_skc_lookup_tcp(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return lookup(r1, r2, r3, IPPROTO_TCP, r4, r5);
}

export function bpf_sk_release(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (!giveBack(socketArgument(r1))) refuse(r1);
  return 0;
}

export function bpf_sk_fullsock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const socket = socketArgument(r1);
  return isFull(socket) ? socket : 0;
}

/** bpf_tcp_sock(sk): the view of the socket as struct bpf_tcp_sock. */
export function bpf_tcp_sock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const socket = socketArgument(r1);
  return isFull(socket) && protocolOf(socket) == IPPROTO_TCP ? socket + SOCK_TCP : 0;
}

export function bpf_get_listener_sock(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const socket = fullOf(socketArgument(r1));
  return socket && stateOf(socket) == TCP_LISTEN && isRcuFree(socket) ? socket : 0;
}

function cookieOf(socket: u32): u64 {
  return socket ? load<u64>(socket - OBJ_HEADER, OBJ_COOKIE) : 0;
}

/** Types whose helper takes the context; in others it takes a socket, or NULL. */
function takesContext(): bool {
  if (contextKind() == CTX_SKB) return true;
  const type = programType();
  return type == PROG_TYPE_CGROUP_SOCK_ADDR || type == PROG_TYPE_SOCK_OPS || type == PROG_TYPE_CGROUP_SOCK;
}

export function bpf_get_socket_cookie(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (takesContext()) return cookieOf(requiredSocket(r1));
  return r1 ? cookieOf(socketArgument(r1)) : 0;
}

export function bpf_get_socket_uid(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const socket = contextSocket(r1);
  const full = socket ? fullOf(socket) : 0;
  return full ? load<u32>(full, SOCK_UID) : NOBODY;
}

/** bpf_get_netns_cookie(ctx or NULL): without a socket that of the first namespace. */
export function bpf_get_netns_cookie(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const socket = r1 ? requiredSocket(r1) : 0;
  return socket ? load<u64>(socket, SOCK_NETNS_COOKIE) : INITIAL_NETNS;
}

/** bpf_sk_assign(ctx, sk, flags): of packets that arrive, and of lookups. */
export function bpf_sk_assign(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const context = anyContext(r1);
  if (programType() == PROG_TYPE_SK_LOOKUP) return errno(assignForLookup(context, r2, r3));
  const socket = socketArgument(r2);
  if (r3) return errno(-EINVAL);
  if (load<u32>(run, RUN_ARRIVES) == 0) return errno(-EOPNOTSUPP);
  if (load<i32>(socket, SOCK_NETNS) != -1) return errno(-ENETUNREACH);
  if (!(load<u32>(socket, SOCK_FLAGS) & SOCK_IS_TABLED)) return errno(-EOPNOTSUPP);
  store<u64>(context, socket, SKB_SK);
  store<u32>(run, socket, RUN_SOCKET_CHOSEN);
  return 0;
}

import { EAFNOSUPPORT, EEXIST, EINVAL } from '../../src/abi/maps';
import {
  AF_INET,
  IPPROTO_TCP,
  IPPROTO_UDP,
  RUN_NO_REUSEPORT,
  RUN_SOCKET_CHOSEN,
  SK_LOOKUP_FAMILY,
  SK_LOOKUP_PROTOCOL,
  SK_LOOKUP_SK,
  SOCK_FAMILY,
  SOCK_FLAGS,
  SOCK_IS_IPV6_ONLY,
  TCP_CLOSE,
  TCP_LISTEN,
} from '../../src/abi/sockets';
import { run } from '../run/state';
import { isRcuFree, protocolOf, stateOf } from '../sockets/socket';
import { socketArgument } from './socketArguments';

// bpf_sk_lookup_assign() of net/core/filter.c.

const REPLACE: u64 = 1;
const NO_REUSEPORT: u64 = 2;
const ESOCKTNOSUPPORT: i32 = 94;
const EPROTOTYPE: i32 = 91;

/** Listeners of TCP, and UDP sockets that are not connected. */
function mayBeAssigned(socket: u32): bool {
  if (!isRcuFree(socket)) return false;
  const state = stateOf(socket);
  if (protocolOf(socket) == IPPROTO_TCP) return state == TCP_LISTEN;
  return protocolOf(socket) != IPPROTO_UDP || state == TCP_CLOSE;
}

function assignError(context: u32, socket: u32): i32 {
  if (!mayBeAssigned(socket)) return -ESOCKTNOSUPPORT;
  if (protocolOf(socket) != load<u32>(context, SK_LOOKUP_PROTOCOL)) return -EPROTOTYPE;
  const family = load<u32>(socket, SOCK_FAMILY);
  if (family == load<u32>(context, SK_LOOKUP_FAMILY)) return 0;
  const only = family == AF_INET || load<u32>(socket, SOCK_FLAGS) & SOCK_IS_IPV6_ONLY;
  return only ? -EAFNOSUPPORT : 0;
}

/** `pointer` 0 takes back what was assigned. */
export function assignForLookup(context: u32, pointer: u64, flags: u64): i32 {
  if (flags & ~(REPLACE | NO_REUSEPORT)) return -EINVAL;
  const socket = pointer ? socketArgument(pointer) : 0;
  const error = socket ? assignError(context, socket) : 0;
  if (error) return error;
  if (load<u64>(context, SK_LOOKUP_SK) && !(flags & REPLACE)) return -EEXIST;
  store<u64>(context, socket, SK_LOOKUP_SK);
  store<u32>(run, socket, RUN_SOCKET_CHOSEN);
  store<u32>(run, (flags & NO_REUSEPORT) != 0 ? 1 : 0, RUN_NO_REUSEPORT);
  return 0;
}

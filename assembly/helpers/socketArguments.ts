import {
  CTX_SKB,
  CTX_XDP,
  OBJ_SOCK,
  PROG_TYPE,
  RUN_CTX,
  RUN_PKT_DATA,
  RUN_PROG,
  RUN_SANDBOX,
  SKB_IFINDEX,
  SKB_SK,
  XDP_MD_INGRESS_IFINDEX,
} from '../../src/abi/layout';
import {
  RUN_CONTEXT_SOCKET,
  SK_LOOKUP_SK,
  SK_MSG_SK,
  SK_REUSEPORT_SK,
  SOCK_ADDR_SK,
  SOCK_OPS_SK,
  SOCK_TCP,
  SOCKOPT_SK,
  VIEW_SOCKET,
} from '../../src/abi/sockets';
import {
  PROG_TYPE_CGROUP_SOCK,
  PROG_TYPE_CGROUP_SOCKOPT,
  PROG_TYPE_CGROUP_SOCK_ADDR,
  PROG_TYPE_SK_LOOKUP,
  PROG_TYPE_SK_MSG,
  PROG_TYPE_SK_REUSEPORT,
  PROG_TYPE_SOCK_OPS,
} from '../../src/abi/programTypes';
import { objectAt } from '../objects/registry';
import { run } from '../run/state';
import { isSocket } from '../sockets/table';
import { contextKind, refuse } from './arguments';

// How helpers come to a socket: by a pointer to one of its views, or by the context.

/** The socket that a pointer of the program's leads to. Of an unverified program it may be any number. */
export function socketArgument(pointer: u64): u32 {
  const view = pointer as u32;
  if (load<u32>(run, RUN_SANDBOX) == 0) return load<u32>(view + VIEW_SOCKET);
  if (pointer > <u64>u32.MAX_VALUE) refuse(pointer);
  if (isSocket(view)) return view;
  if (!isSocket(view - SOCK_TCP)) refuse(pointer);
  return view - SOCK_TCP;
}

/** As socketArgument, where objects of kind `sock` may stand as well, and NULL (0). */
export function socketOrObject(pointer: u64): u32 {
  if (pointer == 0) return 0;
  const object = objectAt(pointer, OBJ_SOCK);
  return object ? object : socketArgument(pointer);
}

/** enum bpf_prog_type of the running program. */
export function programType(): u32 {
  return load<u32>(load<u32>(run, RUN_PROG), PROG_TYPE);
}

/** The context in r1 of a helper; unlike contextArgument(), of whichever type. */
export function anyContext(context: u64): u32 {
  const kind = contextKind();
  const start = load<u32>(run + (kind == CTX_SKB || kind == CTX_XDP ? RUN_CTX : RUN_PKT_DATA));
  if (context != (start as u64)) refuse(context);
  return start;
}

/** Where the context has its member `sk`; -1 where it has none. */
function offsetOfSocket(): i32 {
  if (contextKind() == CTX_SKB) return SKB_SK;
  switch (programType()) {
    case PROG_TYPE_CGROUP_SOCK_ADDR:
      return SOCK_ADDR_SK;
    case PROG_TYPE_SOCK_OPS:
      return SOCK_OPS_SK;
    case PROG_TYPE_SK_MSG:
      return SK_MSG_SK;
    case PROG_TYPE_SK_REUSEPORT:
      return SK_REUSEPORT_SK;
    case PROG_TYPE_CGROUP_SOCKOPT:
      return SOCKOPT_SK;
    case PROG_TYPE_SK_LOOKUP:
      return SK_LOOKUP_SK;
    default:
      return -1;
  }
}

/** The socket of the context; 0 where the host has given none, whatever bytes are in its place. */
export function contextSocket(context: u64): u32 {
  const start = anyContext(context);
  if (programType() == PROG_TYPE_CGROUP_SOCK) return load<u32>(run, RUN_CONTEXT_SOCKET);
  const offset = offsetOfSocket();
  if (offset < 0) return 0;
  const socket = load<u32>(start + offset);
  return socket && isSocket(socket) ? socket : 0;
}

/**
 * As contextSocket(). Packets may have no socket; other contexts always have one in the kernel: a run of a program that
 * asks for what the host has not given ends.
 */
export function requiredSocket(context: u64): u32 {
  const socket = contextSocket(context);
  if (socket == 0 && contextKind() != CTX_SKB) refuse(context);
  return socket;
}

/** Interface that the packet of the context came in by, 0 where there is none. */
export function contextDevice(): u32 {
  const kind = contextKind();
  if (kind == CTX_XDP) return load<u32>(load<u32>(run, RUN_CTX), XDP_MD_INGRESS_IFINDEX);
  return kind == CTX_SKB ? load<u32>(load<u32>(run, RUN_CTX), SKB_IFINDEX) : 0;
}

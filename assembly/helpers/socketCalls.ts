import { EAFNOSUPPORT, EINVAL } from '../../src/abi/maps';
import { HOST_BIND, HOST_GET_OPTION, HOST_SET_OPTION } from '../../src/abi/services';
import { AF_INET, AF_INET6 } from '../../src/abi/sockets';
import { PROG_TYPE_CGROUP_SOCKOPT } from '../../src/abi/programTypes';
import { hostHelper } from '../env';
import { zero } from '../memory/bytes';
import { errno, memoryArgument, refuse } from './arguments';
import { programType, requiredSocket, socketOrObject } from './socketArguments';

// System calls on sockets, which are the host's to make: net/core/filter.c.

/** Lengths of sockaddrs (SIN6_LEN_RFC2133 is without the scope). */
const SOCKADDR_IN: u64 = 16;
const SOCKADDR_IN6: u64 = 24;
const FAMILY_SIZE: u64 = 2;

/** Programs on socket options are given a pointer to the socket, others the context. */
function calledSocket(pointer: u64): u32 {
  if (programType() != PROG_TYPE_CGROUP_SOCKOPT) return requiredSocket(pointer);
  const socket = socketOrObject(pointer);
  if (socket == 0) refuse(pointer);
  return socket;
}

/** bpf_setsockopt(ctx or sk, level, optname, optval, optlen): by the host's `sockets.setOption`. */
export function bpf_setsockopt(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const from = memoryArgument(r4, r5, 0);
  return hostHelper(HOST_SET_OPTION, calledSocket(r1), r2, r3, from, r5);
}

/** bpf_getsockopt(ctx or sk, level, optname, optval, optlen): by the host's `sockets.getOption`; zeros behind the value. */
export function bpf_getsockopt(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const to = memoryArgument(r4, r5, 1);
  const socket = calledSocket(r1);
  zero(to, r5 as u32);
  return hostHelper(HOST_GET_OPTION, socket, r2, r3, to, r5);
}

/** bpf_bind(ctx, addr, addr_len): by the host's `sockets.bind`. */
export function bpf_bind(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const from = memoryArgument(r2, r3, 0);
  const socket = requiredSocket(r1);
  if (r3 < FAMILY_SIZE) return errno(-EINVAL);
  const family: u32 = load<u16>(from);
  if (family != AF_INET && family != AF_INET6) return errno(-EAFNOSUPPORT);
  if (r3 < (family == AF_INET ? SOCKADDR_IN : SOCKADDR_IN6)) return errno(-EINVAL);
  return hostHelper(HOST_BIND, socket, from, r3, 0, 0);
}

import { EINVAL } from '../../abi/maps.ts';
import { HOST_BIND, HOST_GET_OPTION, HOST_SET_OPTION } from '../../abi/services.ts';
import { AF_INET } from '../../abi/sockets.ts';
import { badArgument } from '../argument.ts';
import type { HelperTable } from '../helpers.ts';
import type { LinearMemory } from '../memory.ts';
import type { HostObject } from '../objects/object.ts';
import { formatAddress } from './address.ts';
import type { Socket } from './socket.ts';

/** What a program calls for: a socket that programs look up, or an object of kind `sock`. */
export type CalledSocket = Socket | HostObject;

/** Where a socket is bound to: `192.0.2.1` or `2001:db8::1`; port 0 leaves it to the host. */
export interface BindAddress {
  readonly ip: string;
  readonly port: number;
}

/** System calls on sockets that programs make, as far as the host has them; error numbers of Linux are positive. */
export interface SocketCalls {
  /** bpf_setsockopt. @returns an error number, or nothing. Default: no option is known (-EINVAL) */
  readonly setOption?: (
    socket: CalledSocket,
    level: number,
    name: number,
    value: Uint8Array,
  ) => number | undefined;
  /** bpf_getsockopt. @returns the value, at most `length` bytes, or an error number. Default: EINVAL */
  readonly getOption?: (
    socket: CalledSocket,
    level: number,
    name: number,
    length: number,
  ) => Uint8Array | number;
  /** bpf_bind, of programs at connect(). @returns an error number, or nothing. Default: EINVAL */
  readonly bind?: (socket: CalledSocket, address: BindAddress) => number | undefined;
}

const PORT = 2;
const IP4 = 4;
const IP6 = 8;

/** struct sockaddr_in or sockaddr_in6; the family and the length are checked already. */
function bindAddress(sockaddr: Uint8Array): BindAddress {
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.byteLength);
  const isFour = view.getUint16(0, true) === AF_INET;
  const ip = formatAddress(isFour ? sockaddr.slice(IP4, IP4 + 4) : sockaddr.slice(IP6, IP6 + 16));
  return { ip, port: view.getUint16(PORT) };
}

/** @param socketAt the socket or object of this address */
export function serveSocketCalls(
  helpers: HelperTable,
  memory: LinearMemory,
  socketAt: (address: number) => CalledSocket | undefined,
  { setOption, getOption, bind }: SocketCalls,
): void {
  const called = (address: bigint): CalledSocket => {
    const socket = socketAt(Number(address));
    if (socket !== undefined) return socket;
    throw badArgument('a program calls for a socket that the host does not hold any more');
  };
  helpers.serve(HOST_SET_OPTION, ([socket, level, name, from, size]) => {
    if (setOption === undefined) return -EINVAL;
    const value = memory.read(Number(from), Number(size));
    return -(setOption(called(socket), Number(level) | 0, Number(name) | 0, value) ?? 0);
  });
  helpers.serve(HOST_GET_OPTION, ([socket, level, name, to, size]) => {
    if (getOption === undefined) return -EINVAL;
    const value = getOption(called(socket), Number(level) | 0, Number(name) | 0, Number(size));
    if (typeof value === 'number') return -value;
    if (value.length > Number(size)) return -EINVAL;
    memory.write(Number(to), value);
    return 0;
  });
  helpers.serve(HOST_BIND, ([socket, from, size]) => {
    if (bind === undefined) return -EINVAL;
    return -(bind(called(socket), bindAddress(memory.read(Number(from), Number(size)))) ?? 0);
  });
}

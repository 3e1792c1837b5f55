/** Numbers of the socket interface by name. */
import * as abi from '../../abi/sockets.ts';
import { integer, oneOf } from '../argument.ts';

export type Family = 'unspec' | 'unix' | 'inet' | 'inet6';
export type SocketType = 'stream' | 'dgram' | 'raw' | 'seqpacket';
export type Protocol = 'ip' | 'icmp' | 'tcp' | 'udp' | 'icmpv6' | 'sctp';
/** States of TCP (include/net/tcp_states.h); UDP sockets are `established` when connected, else `close`. */
export type SocketState =
  | 'established'
  | 'syn_sent'
  | 'syn_recv'
  | 'fin_wait1'
  | 'fin_wait2'
  | 'time_wait'
  | 'close'
  | 'close_wait'
  | 'last_ack'
  | 'listen'
  | 'closing'
  | 'new_syn_recv';

export const FAMILIES: Readonly<Record<Family, number>> = {
  unspec: abi.AF_UNSPEC,
  unix: abi.AF_UNIX,
  inet: abi.AF_INET,
  inet6: abi.AF_INET6,
};
export const TYPES: Readonly<Record<SocketType, number>> = { stream: 1, dgram: 2, raw: 3, seqpacket: 5 };
export const PROTOCOLS: Readonly<Record<Protocol, number>> = {
  ip: 0,
  icmp: 1,
  tcp: abi.IPPROTO_TCP,
  udp: abi.IPPROTO_UDP,
  icmpv6: 58,
  sctp: 132,
};
export const STATES: Readonly<Record<SocketState, number>> = {
  established: abi.TCP_ESTABLISHED,
  syn_sent: 2,
  syn_recv: 3,
  fin_wait1: 4,
  fin_wait2: 5,
  time_wait: abi.TCP_TIME_WAIT,
  close: abi.TCP_CLOSE,
  close_wait: 8,
  last_ack: 9,
  listen: abi.TCP_LISTEN,
  closing: 11,
  new_syn_recv: abi.TCP_NEW_SYN_RECV,
};

/** The number of a name; numbers stand for themselves. */
export function numberOf<Name extends string>(
  what: string,
  value: Name | number,
  names: Readonly<Record<Name, number>>,
): number {
  if (typeof value === 'number') return integer(what, value, 0, 0xffff);
  return names[oneOf(what, value, Object.keys(names) as Name[])];
}

/** The name of a number, where it has one. */
export function nameOf<Name extends string>(
  value: number,
  names: Readonly<Record<Name, number>>,
): Name | number {
  const known = (Object.keys(names) as Name[]).find((name) => names[name] === value);
  return known ?? value;
}

import * as layout from '../../abi/layout.ts';
import * as abi from '../../abi/sockets.ts';
import { structureOf } from '../../verifier/contexts/pointees.ts';
import { badArgument, integer, unsigned64 } from '../argument.ts';
import type { LinearMemory } from '../memory.ts';
import type { HostObject } from '../objects/object.ts';
import type { Exports } from '../wasm.ts';
import { formatAddress, parseAddress } from './address.ts';
import {
  FAMILIES,
  type Family,
  nameOf,
  numberOf,
  PROTOCOLS,
  type Protocol,
  type SocketState,
  type SocketType,
  STATES,
  TYPES,
} from './names.ts';
import { readTcp, type TcpState, writeTcp } from './tcp.ts';

/** What can be said of a socket, and read back of it. Numbers stand for names that are not listed. */
export interface SocketFields {
  readonly family: Family | number;
  readonly type: SocketType | number;
  readonly protocol: Protocol | number;
  readonly state: SocketState | number;
  /** The local address, `192.0.2.1` or `2001:db8::1`; any address of the family when absent. */
  readonly srcIp: string;
  /** Host byte order, as all ports here. */
  readonly srcPort: number;
  /** The peer's address. */
  readonly dstIp: string;
  readonly dstPort: number;
  /** Interface that it is bound to; 0 for any. */
  readonly boundDevIf: number;
  readonly mark: number;
  readonly priority: number;
  readonly rxQueueMapping: number;
  /** bpf_get_socket_cookie. Default: a number of its own. */
  readonly cookie: bigint;
  /** User that it belongs to. */
  readonly uid: number;
  /** Network namespace by the number that programs ask for it; -1 (default): their own. */
  readonly netns: number;
  /** bpf_get_netns_cookie. Default 1: the first namespace's. */
  readonly netnsCookie: bigint;
  /** IPV6_V6ONLY: an IPv6 socket that takes no IPv4. */
  readonly ipv6Only: boolean;
  /** Number of the reuseport group that it is in; 0 for none. */
  readonly reuseport: number;
}

export interface SocketDefinition extends Partial<SocketFields> {
  /** Members of `struct bpf_tcp_sock`; the others are 0. */
  readonly tcp?: Partial<TcpState>;
  /** The listener that a request (state `new_syn_recv`) belongs to. */
  readonly listener?: Socket;
  /** The cgroup that it belongs to, kept for as long as the socket is. Default: the root, whose id is 1. */
  readonly cgroup?: HostObject;
  /** Programs find it by its addresses and ports (bpf_sk_lookup_tcp and relatives). Default true. */
  readonly lookup?: boolean;
}

/** What sockets are made in. */
export interface SocketHost {
  readonly memory: LinearMemory;
  readonly exports: Exports;
}

const U32 = 0xffff_ffff;

const NUMBERS = {
  boundDevIf: abi.SOCK_BOUND_DEV_IF,
  mark: abi.SOCK_MARK,
  priority: abi.SOCK_PRIORITY,
  rxQueueMapping: abi.SOCK_RX_QUEUE_MAPPING,
  uid: abi.SOCK_UID,
  reuseport: abi.SOCK_REUSEPORT,
} as const;

type Named = 'family' | 'type' | 'protocol' | 'state';

const NAMED: Readonly<Record<Named, readonly [offset: number, names: Readonly<Record<string, number>>]>> = {
  family: [abi.SOCK_FAMILY, FAMILIES],
  type: [abi.SOCK_TYPE, TYPES],
  protocol: [abi.SOCK_PROTOCOL, PROTOCOLS],
  state: [abi.SOCK_STATE, STATES],
};

const swap16 = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

/** What follows from the rest, where it is not said. */
function withDefaults(definition: SocketDefinition): SocketDefinition {
  const { srcIp, dstIp, dstPort } = definition;
  const protocol = definition.protocol ?? (definition.type === 'dgram' ? 'udp' : 'tcp');
  const isUdp = protocol === 'udp' || protocol === abi.IPPROTO_UDP;
  const state = dstIp !== undefined || dstPort !== undefined ? 'established' : isUdp ? 'close' : 'listen';
  const family = (srcIp ?? dstIp ?? '').includes(':') ? 'inet6' : 'inet';
  return { family, type: isUdp ? 'dgram' : 'stream', state, netnsCookie: 1n, ...definition, protocol };
}

/**
 * A socket of the host, as programs see it: `struct bpf_sock` and `struct bpf_tcp_sock`, and what helpers tell of it. It
 * is in the engine's memory, so that what programs change (options, marks) is seen here at once.
 */
export class Socket implements Disposable {
  /** Address of its `struct bpf_sock`: what programs are given. */
  readonly address: number;
  /** Bytes of it. */
  readonly size = structureOf('sock').size;
  readonly #host: SocketHost;
  readonly #ended: (socket: Socket) => void;
  #open = true;

  /** @param ended told when the host has disposed of it */
  constructor(host: SocketHost, definition: SocketDefinition, ended: (socket: Socket) => void) {
    this.#host = host;
    this.#ended = ended;
    this.address = host.exports.socketCreate() >>> 0;
    if (this.address === 0) host.memory.alloc(0xffff_ffff); // says that memory is exhausted
    try {
      this.#write(withDefaults(definition));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    if (definition.lookup ?? true) host.exports.socketEnter(this.address);
  }

  /** What it is now. */
  get fields(): SocketFields {
    const { memory } = this.#live();
    const at = this.address;
    const named = Object.entries(NAMED).map(([name, [offset, names]]) => [
      name,
      nameOf(memory.u32(at + offset), names),
    ]);
    const numbers = Object.entries(NUMBERS).map(([name, offset]) => [name, memory.u32(at + offset)]);
    const isIpv6 = memory.u32(at + abi.SOCK_FAMILY) === abi.AF_INET6;
    const ip = (four: number, six: number): string =>
      formatAddress(isIpv6 ? memory.read(at + six, 16) : memory.read(at + four, 4));
    return {
      ...(Object.fromEntries(named) as Pick<SocketFields, Named>),
      ...(Object.fromEntries(numbers) as Pick<SocketFields, keyof typeof NUMBERS>),
      srcIp: ip(abi.SOCK_SRC_IP4, abi.SOCK_SRC_IP6),
      srcPort: memory.u32(at + abi.SOCK_SRC_PORT),
      dstIp: ip(abi.SOCK_DST_IP4, abi.SOCK_DST_IP6),
      dstPort: swap16(memory.u32(at + abi.SOCK_DST_PORT)),
      cookie: memory.u64(at - layout.OBJ_HEADER + layout.OBJ_COOKIE),
      netns: memory.u32(at + abi.SOCK_NETNS) | 0,
      netnsCookie: memory.u64(at + abi.SOCK_NETNS_COOKIE),
      ipv6Only: this.#has(abi.SOCK_IS_IPV6_ONLY),
    };
  }

  /** Its state of TCP, now. */
  get tcp(): TcpState {
    return readTcp(this.#live().memory, this.address);
  }

  /** References to it: the host's own, and those of programs and maps. */
  get references(): number {
    return this.#live().memory.u32(this.address - layout.OBJ_HEADER + layout.OBJ_REFS);
  }

  /** Changes what is given, and leaves the rest as it is. */
  set(fields: Omit<SocketDefinition, 'lookup'>): void {
    const { exports } = this.#live();
    const isTabled = this.#has(abi.SOCK_IS_TABLED);
    if (isTabled) exports.socketLeave(this.address); // it is found by its port
    try {
      this.#write(fields);
    } finally {
      if (isTabled) exports.socketEnter(this.address);
    }
  }

  /**
   * Its address, for those who run programs in this memory.
   * @throws WebpfError 'bad-argument' in another engine, and once it has been disposed of
   */
  addressIn(memory: LinearMemory): number {
    if (this.#live().memory === memory) return this.address;
    throw badArgument('this socket is one of another engine');
  }

  /** Programs do not find it any more; it goes with the last reference. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ended(this);
    if (this.address !== 0) this.#host.exports.socketDestroy(this.address);
  }

  #live(): SocketHost {
    if (this.#open) return this.#host;
    throw badArgument('this socket has been disposed of: make another');
  }

  #has(flag: number): boolean {
    return (this.#live().memory.u32(this.address + abi.SOCK_FLAGS) & flag) !== 0;
  }

  #write(values: SocketDefinition): void {
    const { memory } = this.#host;
    const at = this.address;
    for (const [name, [offset, names]] of Object.entries(NAMED)) {
      const value = values[name as Named];
      if (value !== undefined) memory.setU32(at + offset, numberOf(`${name} of a socket`, value, names));
    }
    for (const [name, offset] of Object.entries(NUMBERS)) {
      const value = values[name as keyof typeof NUMBERS];
      if (value !== undefined) memory.setU32(at + offset, integer(`${name} of a socket`, value, 0, U32));
    }
    this.#writeAddresses(values);
    this.#writeRest(values);
    if (values.tcp !== undefined) writeTcp(memory, at, values.tcp);
  }

  #writeAddresses({ srcIp, srcPort, dstIp, dstPort }: SocketDefinition): void {
    const { memory } = this.#host;
    if (srcIp !== undefined) this.#writeAddress('srcIp', srcIp, abi.SOCK_SRC_IP4, abi.SOCK_SRC_IP6);
    if (dstIp !== undefined) this.#writeAddress('dstIp', dstIp, abi.SOCK_DST_IP4, abi.SOCK_DST_IP6);
    if (srcPort !== undefined)
      memory.setU32(this.address + abi.SOCK_SRC_PORT, integer('srcPort of a socket', srcPort, 0, 0xffff));
    if (dstPort !== undefined)
      memory.setU32(
        this.address + abi.SOCK_DST_PORT,
        swap16(integer('dstPort of a socket', dstPort, 0, 0xffff)),
      );
  }

  /** An IPv6 socket has an IPv4 address where its own is a mapped one (::ffff:192.0.2.1). */
  #writeAddress(name: string, text: string, four: number, six: number): void {
    const bytes = parseAddress(`${name} of a socket`, text);
    const { memory } = this.#host;
    const isIpv6 = memory.u32(this.address + abi.SOCK_FAMILY) === abi.AF_INET6;
    if ((bytes.length === 16) !== isIpv6)
      throw badArgument(`${name} of a socket is ${text}, which is no address of its family`);
    if (!isIpv6) {
      memory.write(this.address + four, bytes);
      return;
    }
    const isMapped =
      bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
    memory.write(this.address + six, bytes);
    memory.write(this.address + four, isMapped ? bytes.subarray(12) : new Uint8Array(4));
  }

  #writeRest({ cookie, netns, netnsCookie, ipv6Only, listener, cgroup }: SocketDefinition): void {
    const { memory, exports } = this.#host;
    const at = this.address;
    if (cookie !== undefined)
      memory.setU64(at - layout.OBJ_HEADER + layout.OBJ_COOKIE, unsigned64('cookie of a socket', cookie));
    if (netns !== undefined)
      memory.setU32(at + abi.SOCK_NETNS, integer('netns of a socket', netns, -1, 0x7fff_ffff) >>> 0);
    if (netnsCookie !== undefined)
      memory.setU64(at + abi.SOCK_NETNS_COOKIE, unsigned64('netnsCookie of a socket', netnsCookie));
    if (cgroup !== undefined) exports.objectSetParent(at, cgroup.addressIn(memory));
    if (listener !== undefined) memory.setU32(at + abi.SOCK_LISTENER, listener.addressIn(memory));
    if (ipv6Only === undefined) return;
    const flags = memory.u32(at + abi.SOCK_FLAGS) & ~abi.SOCK_IS_IPV6_ONLY;
    memory.setU32(at + abi.SOCK_FLAGS, ipv6Only ? flags | abi.SOCK_IS_IPV6_ONLY : flags);
  }
}

/** The sockets of one engine that the host has not disposed of, by address. */
export class Sockets {
  readonly #host: SocketHost;
  readonly #byAddress = new Map<number, Socket>();

  constructor(host: SocketHost) {
    this.#host = host;
  }

  create(definition: SocketDefinition): Socket {
    const socket = new Socket(this.#host, definition, ({ address }) => this.#byAddress.delete(address));
    this.#byAddress.set(socket.address, socket);
    return socket;
  }

  at(address: number): Socket | undefined {
    return this.#byAddress.get(address);
  }
}

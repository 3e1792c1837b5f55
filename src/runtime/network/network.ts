import * as abi from '../../abi/network.ts';
import { HOST_TRANSMIT } from '../../abi/services.ts';
import { AF_INET, AF_INET6 } from '../../abi/sockets.ts';
import { badArgument, integer, oneOf } from '../argument.ts';
import type { HelperTable } from '../helpers.ts';
import type { LinearMemory } from '../memory.ts';
import { parseAddress } from '../sockets/address.ts';
import { type NetworkHost, type NetworkTables, openTables } from './tables.ts';

/** A packet that a program has sent a copy of (bpf_clone_redirect). */
export interface Transmission {
  /** From the link-layer header on: a copy. */
  readonly packet: Uint8Array;
  /** True: as if the interface had received it. */
  readonly ingress: boolean;
}

export interface Device {
  /** Its number, from 1. */
  readonly ifindex: number;
  /** Longest packet without the link-layer header, bytes. Default 1500. */
  readonly mtu?: number;
  /** Its link-layer address, `02:00:00:00:00:01`. Default zeros. */
  readonly mac?: string;
  /** Default true. */
  readonly up?: boolean;
  /** Sends on what is for others (net.ipv4.conf.*.forwarding and net.ipv6's). Default true. */
  readonly forwarding?: boolean | { readonly ipv4: boolean; readonly ipv6: boolean };
  /**
   * Takes the copies that programs send; without it they are dropped. It is called while the program runs, in the thread
   * whose engine was given it.
   */
  readonly transmit?: (transmission: Transmission) => void;
}

const ROUTE_TYPES = {
  unicast: abi.RTN_UNICAST,
  local: abi.RTN_LOCAL,
  broadcast: abi.RTN_BROADCAST,
  anycast: abi.RTN_ANYCAST,
  multicast: abi.RTN_MULTICAST,
  blackhole: abi.RTN_BLACKHOLE,
  unreachable: abi.RTN_UNREACHABLE,
  prohibit: abi.RTN_PROHIBIT,
  throw: abi.RTN_THROW,
} as const;
export type RouteType = keyof typeof ROUTE_TYPES;

const TABLE_NAMES = {
  main: abi.RT_TABLE_MAIN,
  local: abi.RT_TABLE_LOCAL,
  default: abi.RT_TABLE_DEFAULT,
} as const;
/** A routing table by its number, or by the name the kernel has for it. */
export type RouteTable = keyof typeof TABLE_NAMES | number;

export interface Route {
  /** The prefix, `10.0.0.0/8` or `2001:db8::/32`; one address without a length. */
  readonly to: string;
  /** Default unicast. Only unicast routes are sent on by. */
  readonly type?: RouteType;
  /** Interface that packets leave by; needed for unicast. */
  readonly device?: number;
  /** Gateway; without one, destinations are neighbours. */
  readonly via?: string;
  /** Source address of what the host itself sends this way (BPF_FIB_LOOKUP_SRC). */
  readonly source?: string;
  /** Default: `local` for types local and broadcast, else `main`. */
  readonly table?: RouteTable;
  /** Default 0. */
  readonly metric?: number;
  /** Default: the interface's. */
  readonly mtu?: number;
}

export interface Neighbour {
  readonly device: number;
  readonly address: string;
  readonly mac: string;
}

const U32 = 0xffff_ffff;
/** tot_len of struct bpf_fib_lookup has 16 bits, and loopback interfaces one more. */
const MAX_MTU = 65_536;
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

function macBytes(name: string, text: string): Uint8Array {
  if (!MAC.test(text))
    throw badArgument(`${name} is ${text}, but must be an address such as 02:00:00:00:00:01`);
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

function words(size: number, ...values: readonly (readonly [offset: number, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [offset, value] of values) view.setUint32(offset, value, true);
  return bytes;
}

const familyOf = (address: Uint8Array): number => (address.length === 4 ? AF_INET : AF_INET6);

interface Prefix {
  readonly address: Uint8Array;
  readonly length: number;
}

function parsePrefix(text: string): Prefix {
  const [address = '', bits, ...more] = String(text).split('/');
  const bytes = parseAddress('the prefix of a route', address);
  const most = bytes.length * 8;
  const length = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : -1;
  if (more.length > 0 || length < 0 || length > most)
    throw badArgument(`the prefix of a route is ${text}, but must be one such as 10.0.0.0/8`);
  return { address: bytes, length };
}

function routeKey({ address, length }: Prefix, table: RouteTable): Uint8Array {
  const number =
    typeof table === 'string'
      ? TABLE_NAMES[oneOf('the table of a route', table, ['main', 'local', 'default'])]
      : table;
  const key = words(abi.ROUTE_KEY_ADDRESS + address.length, [0, 32 + length]);
  new DataView(key.buffer).setUint32(abi.ROUTE_KEY_TABLE, integer('the table of a route', number, 1, U32));
  key.set(address, abi.ROUTE_KEY_ADDRESS);
  return key;
}

const tableOf = ({ table, type }: Pick<Route, 'table' | 'type'>): RouteTable =>
  table ?? (type === 'local' || type === 'broadcast' ? 'local' : 'main');

function routeValue(route: Route): Uint8Array {
  const { type = 'unicast', device = 0, via, source, metric = 0, mtu = 0 } = route;
  const number = ROUTE_TYPES[oneOf('the type of a route', type, Object.keys(ROUTE_TYPES) as RouteType[])];
  if (type === 'unicast') integer('the device of a unicast route', device, 1, U32);
  const gateway = via === undefined ? undefined : parseAddress('via', via);
  const from = source === undefined ? undefined : parseAddress('source', source);
  const value = words(
    abi.ROUTE_SIZE,
    [abi.ROUTE_TYPE, number],
    [abi.ROUTE_IFINDEX, integer('the device of a route', device, 0, U32)],
    [abi.ROUTE_MTU, integer('the mtu of a route', mtu, 0, MAX_MTU)],
    [abi.ROUTE_METRIC, integer('the metric of a route', metric, 0, U32)],
    [abi.ROUTE_GATEWAY_FAMILY, gateway === undefined ? 0 : familyOf(gateway)],
    [abi.ROUTE_HAS_SOURCE, from === undefined ? 0 : 1],
  );
  value.set(gateway ?? [], abi.ROUTE_GATEWAY);
  value.set(from ?? [], abi.ROUTE_SOURCE);
  return value;
}

function neighbourKey({ device, address }: Pick<Neighbour, 'device' | 'address'>): Uint8Array {
  const bytes = parseAddress('the address of a neighbour', address);
  const ifindex = integer('the device of a neighbour', device, 1, U32);
  const key = words(abi.NEIGHBOUR_KEY_SIZE, [0, ifindex], [4, familyOf(bytes)]);
  key.set(bytes, abi.NEIGHBOUR_KEY_ADDRESS);
  return key;
}

function flagsOf({ up = true, forwarding = true }: Device): number {
  const { ipv4, ipv6 } =
    typeof forwarding === 'boolean' ? { ipv4: forwarding, ipv6: forwarding } : forwarding;
  return (up ? abi.DEVICE_IS_UP : 0) | (ipv4 ? abi.DEVICE_FORWARDS4 : 0) | (ipv6 ? abi.DEVICE_FORWARDS6 : 0);
}

/**
 * The host's network as programs find it: bpf_fib_lookup and bpf_check_mtu look into it, bpf_clone_redirect sends copies of
 * packets by its interfaces. It is in linear memory: engines that share memory see one network. Until something is said of
 * it there are no interfaces, and helpers return -ENODEV (bpf_clone_redirect -EINVAL), as the kernel for an interface that
 * is not there. Up to 4096 interfaces, 65,536 routes of a family and as many neighbours: one more is refused with ENOSPC or
 * E2BIG, as by the maps that they are in.
 */
export class Network {
  readonly #tables: NetworkTables;
  readonly #transmit = new Map<number, NonNullable<Device['transmit']>>();

  /** @throws WebpfError 'bad-argument' where other engines share the memory already, and none has begun */
  constructor(host: NetworkHost, helpers: HelperTable) {
    this.#tables = openTables(host);
    helpers.serve(HOST_TRANSMIT, ([ifindex, flags, address, length]) =>
      this.#send(host.memory, Number(ifindex), flags !== 0n, [Number(address), Number(length)]),
    );
  }

  /**
   * A new interface, or what an interface is from now on.
   * @throws WebpfError 'bad-argument'
   */
  setDevice(device: Device): void {
    const { ifindex, mtu = 1500, mac, transmit } = device;
    integer('ifindex', ifindex, 1, U32);
    const value = words(
      abi.DEVICE_SIZE,
      [abi.DEVICE_MTU, integer('mtu', mtu, 68, MAX_MTU)],
      [abi.DEVICE_FLAGS, flagsOf(device)],
    );
    if (mac !== undefined) value.set(macBytes('mac', mac), abi.DEVICE_MAC);
    this.#tables.devices.update(words(4, [0, ifindex]), value);
    if (transmit) this.#transmit.set(ifindex, transmit);
    else this.#transmit.delete(ifindex);
  }

  /** False when there was no such interface. Its routes and neighbours stay, and lead nowhere. */
  removeDevice(ifindex: number): boolean {
    this.#transmit.delete(ifindex);
    return this.#tables.devices.delete(words(4, [0, integer('ifindex', ifindex, 1, U32)]));
  }

  /**
   * A new route, or another in the place of the one to this prefix in this table.
   * @example
   * engine.network.setRoute({ to: '0.0.0.0/0', device: 2, via: '192.0.2.1' });
   * @throws WebpfError 'bad-argument'
   */
  setRoute(route: Route): void {
    const prefix = parsePrefix(route.to);
    this.#routes(prefix).update(routeKey(prefix, tableOf(route)), routeValue(route));
  }

  /** False when there was none. */
  removeRoute(route: Pick<Route, 'to' | 'table' | 'type'>): boolean {
    const prefix = parsePrefix(route.to);
    return this.#routes(prefix).delete(routeKey(prefix, tableOf(route)));
  }

  /** @throws WebpfError 'bad-argument' */
  setNeighbour(neighbour: Neighbour): void {
    const value = new Uint8Array(abi.NEIGHBOUR_SIZE);
    value.set(macBytes('mac', neighbour.mac));
    this.#tables.neighbours.update(neighbourKey(neighbour), value);
  }

  /** False when there was none. */
  removeNeighbour(neighbour: Pick<Neighbour, 'device' | 'address'>): boolean {
    return this.#tables.neighbours.delete(neighbourKey(neighbour));
  }

  #routes({ address }: Prefix) {
    return address.length === 4 ? this.#tables.routes4 : this.#tables.routes6;
  }

  #send(
    memory: LinearMemory,
    ifindex: number,
    ingress: boolean,
    bytes: readonly [number, number],
  ): undefined {
    this.#transmit.get(ifindex)?.({ packet: memory.read(...bytes), ingress });
  }
}

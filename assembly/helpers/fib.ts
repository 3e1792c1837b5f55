import { CTX_XDP } from '../../src/abi/layout';
import { EAFNOSUPPORT, EINVAL, ENODEV } from '../../src/abi/maps';
import {
  DEVICE_FLAGS,
  DEVICE_FORWARDS4,
  DEVICE_FORWARDS6,
  DEVICE_IS_UP,
  DEVICE_MAC,
  DEVICE_MTU,
  ROUTE_GATEWAY,
  ROUTE_GATEWAY_FAMILY,
  ROUTE_HAS_SOURCE,
  ROUTE_IFINDEX,
  ROUTE_METRIC,
  ROUTE_MTU,
  ROUTE_SOURCE,
  ROUTE_TYPE,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from '../../src/abi/network';
import { AF_INET, AF_INET6 } from '../../src/abi/sockets';
import { addressSize, device, neighbour, routeTo } from '../network/tables';
import { contextKind, errno, memoryArgument } from './arguments';
import { isForwardable } from './mtu';

// bpf_fib_lookup() of net/core/filter.c over the tables of the host. There are no rules but those that every host
// begins with: what a packet came in by, its mark and its ports choose no table.

// struct bpf_fib_lookup
const FAMILY: i32 = 0; // u8
/** u16: the packet's length on the way in, the MTU on the way out. */
const TOTAL: i32 = 6;
const IFINDEX: i32 = 8;
/** u32: type of service on the way in, the route's metric on the way out. */
const METRIC: i32 = 12;
const SOURCE: i32 = 16;
const DESTINATION: i32 = 32;
/** u32: number of the table on the way in, VLAN on the way out. */
const TABLE: i32 = 48;
const SOURCE_MAC: i32 = 52;
const DESTINATION_MAC: i32 = 58;
const SIZE: u64 = 64;
const MAC_SIZE: u32 = 6;

const DIRECT: u64 = 1;
const SKIP_NEIGHBOUR: u64 = 4;
const TABLE_ID: u64 = 8;
const WITH_SOURCE: u64 = 16;
/** DIRECT, OUTPUT, SKIP_NEIGH, TBID, SRC, MARK. */
const KNOWN: u64 = 63;

const SUCCESS: i32 = 0;
const BLACKHOLE: i32 = 1;
const UNREACHABLE: i32 = 2;
const PROHIBIT: i32 = 3;
const NOT_FORWARDED: i32 = 4;
const FORWARDING_DISABLED: i32 = 5;
const NO_NEIGHBOUR: i32 = 7;
const FRAGMENTATION_NEEDED: i32 = 8;
const NO_SOURCE: i32 = 9;

/** rt6_need_strict(): multicast, and link-local, which no router sends on. */
function isStrict(address: u32): bool {
  const first = load<u8>(address);
  return first == 0xff || (first == 0xfe && (load<u8>(address, 1) & 0xc0) == 0x80);
}

function whyNotUnicast(type: u32): i32 {
  if (type == RTN_BLACKHOLE) return BLACKHOLE;
  if (type == RTN_UNREACHABLE) return UNREACHABLE;
  return type == RTN_PROHIBIT ? PROHIBIT : NOT_FORWARDED;
}

/** What keeps packets from being sent on from the interface; 0 for nothing. */
function forwardingError(params: u32, family: u32): i32 {
  if (family == AF_INET6 && (isStrict(params + DESTINATION) || isStrict(params + SOURCE))) return NOT_FORWARDED;
  const from = device(load<u32>(params, IFINDEX));
  if (from == 0) return -ENODEV;
  const forwards = family == AF_INET ? DEVICE_FORWARDS4 : DEVICE_FORWARDS6;
  return load<u32>(from, DEVICE_FLAGS) & forwards ? 0 : FORWARDING_DISABLED;
}

/** 0: by the host's rules. */
function tableFor(params: u32, flags: u64): u32 {
  if (!(flags & DIRECT)) return 0;
  if (!(flags & TABLE_ID)) return RT_TABLE_MAIN;
  const table = load<u32>(params, TABLE);
  store<u32>(params, 0, TABLE);
  return table;
}

/** Writes the address a packet on this route would have as its source. */
function writeSource(params: u32, family: u32, route: u32): i32 {
  if (!load<u32>(route, ROUTE_HAS_SOURCE)) return NO_SOURCE;
  memory.copy(params + SOURCE, route + ROUTE_SOURCE, addressSize(family));
  return 0;
}

/** Whom the frame is for: the route's gateway, else the destination itself. Family of its address. */
function writeNextHop(params: u32, family: u32, route: u32): u32 {
  const gateway = load<u32>(route, ROUTE_GATEWAY_FAMILY);
  if (gateway == 0) return family;
  memory.copy(params + DESTINATION, route + ROUTE_GATEWAY, addressSize(gateway));
  store<u8>(params, gateway, FAMILY);
  return gateway;
}

function writeLinkAddresses(params: u32, to: u32, family: u32): i32 {
  const mac = neighbour(load<u32>(params, IFINDEX), family, params + DESTINATION);
  if (mac == 0) return NO_NEIGHBOUR;
  memory.copy(params + DESTINATION_MAC, mac, MAC_SIZE);
  memory.copy(params + SOURCE_MAC, to + DEVICE_MAC, MAC_SIZE);
  return 0;
}

/** Fills in the next hop over `route`; `mtu` is 0 where the packet's length was not asked for. */
function follow(params: u32, family: u32, route: u32, mtu: u32, flags: u64): i32 {
  const to = device(load<u32>(route, ROUTE_IFINDEX));
  if (to == 0) return NOT_FORWARDED;
  store<u32>(params, load<u32>(route, ROUTE_METRIC), METRIC);
  store<u32>(params, load<u32>(route, ROUTE_IFINDEX), IFINDEX);
  const sourceless = flags & WITH_SOURCE ? writeSource(params, family, route) : 0;
  if (sourceless) return sourceless;
  const hop = writeNextHop(params, family, route);
  const unknown = flags & SKIP_NEIGHBOUR ? 0 : writeLinkAddresses(params, to, hop);
  if (unknown) return unknown;
  store<u32>(params, 0, TABLE);
  if (mtu) store<u16>(params, mtu, TOTAL);
  return SUCCESS;
}

function mtuOf(route: u32): u32 {
  const own = load<u32>(route, ROUTE_MTU);
  if (own) return own;
  const to = device(load<u32>(route, ROUTE_IFINDEX));
  return to ? load<u32>(to, DEVICE_MTU) : 0;
}

function lookup(params: u32, family: u32, flags: u64, checksLength: bool): i32 {
  const error = forwardingError(params, family);
  if (error) return error;
  const route = routeTo(family, params + DESTINATION, tableFor(params, flags));
  if (route == 0) return NOT_FORWARDED;
  const type = load<u32>(route, ROUTE_TYPE);
  if (type != RTN_UNICAST) return whyNotUnicast(type);
  const mtu = checksLength ? mtuOf(route) : 0;
  if (checksLength && <u32>load<u16>(params, TOTAL) > mtu) {
    store<u16>(params, mtu, TOTAL);
    return FRAGMENTATION_NEEDED;
  }
  return follow(params, family, route, mtu, flags);
}

/** The packet itself is held against the MTU of the interface it would leave by. */
function checkPacket(params: u32): i32 {
  const to = device(load<u32>(params, IFINDEX));
  store<u16>(params, load<u32>(to, DEVICE_MTU), TOTAL);
  const up = load<u32>(to, DEVICE_FLAGS) & DEVICE_IS_UP;
  return up && isForwardable(load<u32>(to, DEVICE_MTU)) ? SUCCESS : FRAGMENTATION_NEEDED;
}

/** bpf_fib_lookup(ctx, params, plen, flags): over interfaces, routes and neighbours of `engine.network`. */
export function bpf_fib_lookup(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (<i64>(<i32>r3) < <i64>SIZE || r4 & ~KNOWN & 0xffff_ffff) return errno(-EINVAL);
  const params = memoryArgument(r2, r3 & 0xffff_ffff, 1);
  const family: u32 = load<u8>(params, FAMILY);
  if (family != AF_INET && family != AF_INET6) return errno(-EAFNOSUPPORT);
  const isXdp = contextKind() == CTX_XDP;
  const told = load<u16>(params, TOTAL) != 0;
  const result = lookup(params, family, r4, isXdp || told);
  return errno(result == SUCCESS && !isXdp && !told ? checkPacket(params) : result);
}

import { HEADER } from '../../src/abi/layout';
import {
  HDR_DEVICES,
  HDR_NEIGHBOURS,
  HDR_ROUTES4,
  HDR_ROUTES6,
  NEIGHBOUR_KEY_ADDRESS,
  NEIGHBOUR_KEY_SIZE,
  ROUTE_KEY_ADDRESS,
  ROUTE_KEY_TABLE,
  ROUTE_TYPE,
  RT_TABLE_DEFAULT,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTN_THROW,
  RUN_NETWORK_KEY,
} from '../../src/abi/network';
import { AF_INET } from '../../src/abi/sockets';
import { hashPeek } from '../maps/hash';
import { trieLookup } from '../maps/trie';
import { run } from '../run/state';

// What the host has said of its network. Where it has said nothing there are no interfaces.

const TABLE_BITS: u32 = 32;

/** The interface; 0 where there is none. */
export function device(ifindex: u32): u32 {
  const devices = load<u32>(HEADER, HDR_DEVICES);
  if (devices == 0) return 0;
  store<u32>(run, ifindex, RUN_NETWORK_KEY);
  return hashPeek(devices, run + RUN_NETWORK_KEY);
}

/** Bytes of an address of the family. */
export function addressSize(family: u32): u32 {
  return family == AF_INET ? 4 : 16;
}

/** The route of one table to `address`; 0 for none. */
function routeIn(table: u32, family: u32, address: u32): u32 {
  const routes = load<u32>(HEADER + (family == AF_INET ? HDR_ROUTES4 : HDR_ROUTES6));
  if (routes == 0) return 0;
  const key = run + RUN_NETWORK_KEY;
  const size = addressSize(family);
  store<u32>(key, TABLE_BITS + size * 8);
  store<u32>(key, bswap<u32>(table), ROUTE_KEY_TABLE);
  memory.copy(key + ROUTE_KEY_ADDRESS, address, size);
  const route = trieLookup(routes, key);
  return route && load<u32>(route, ROUTE_TYPE) != RTN_THROW ? route : 0;
}

/** The route to `address`, by the rules a host has until somebody adds to them; of one table where `table` is not 0. */
export function routeTo(family: u32, address: u32, table: u32): u32 {
  if (table) return routeIn(table, family, address);
  const own = routeIn(RT_TABLE_LOCAL, family, address);
  if (own) return own;
  const main = routeIn(RT_TABLE_MAIN, family, address);
  return main ? main : routeIn(RT_TABLE_DEFAULT, family, address);
}

/** The 6 bytes of a neighbour's link address; 0 where it is not known. */
export function neighbour(ifindex: u32, family: u32, address: u32): u32 {
  const neighbours = load<u32>(HEADER, HDR_NEIGHBOURS);
  if (neighbours == 0) return 0;
  const key = run + RUN_NETWORK_KEY;
  memory.fill(key, 0, NEIGHBOUR_KEY_SIZE);
  store<u32>(key, ifindex);
  store<u32>(key, family, 4);
  memory.copy(key + NEIGHBOUR_KEY_ADDRESS, address, addressSize(family));
  return hashPeek(neighbours, key);
}

/**
 * The host's network in linear memory, compiled by TypeScript and by AssemblyScript: interfaces, routes and neighbours, in
 * maps that no program has (src/runtime/network.ts fills them, assembly/network reads them).
 */

// ---- addresses of the maps, u32 in the header; 0 while the host has none ------------------------------------

export const HDR_DEVICES = 712;
export const HDR_ROUTES4 = 716;
export const HDR_ROUTES6 = 720;
export const HDR_NEIGHBOURS = 724;

// ---- interfaces, by u32 ifindex -----------------------------------------------------------------------------

export const DEVICE_MTU = 0; // u32
/** u32: DEVICE_*_4, … */
export const DEVICE_FLAGS = 4;
/** As it stands in a frame. */
export const DEVICE_MAC = 8; // 6 bytes
export const DEVICE_SIZE = 16;

export const DEVICE_IS_UP = 1;
/** Sends on what is for others, of IPv4 and of IPv6. */
export const DEVICE_FORWARDS4 = 2;
export const DEVICE_FORWARDS6 = 4;

// ---- routes, by their prefix in their table -----------------------------------------------------------------

/** Keys of a trie: u32 bits of the prefix, u32 number of the table (big endian, 32 bits of each prefix), address. */
export const ROUTE_KEY_TABLE = 4;
export const ROUTE_KEY_ADDRESS = 8;
export const ROUTE_KEY4_SIZE = 12;
export const ROUTE_KEY6_SIZE = 24;

export const ROUTE_TYPE = 0; // u32
export const ROUTE_IFINDEX = 4; // u32
/** u32: 0 for the interface's. */
export const ROUTE_MTU = 8;
export const ROUTE_METRIC = 12; // u32
/** u32: AF_INET, AF_INET6, or 0 for a route without a gateway. */
export const ROUTE_GATEWAY_FAMILY = 16;
/** u32: 1 where the route has an address to send from. */
export const ROUTE_HAS_SOURCE = 20;
export const ROUTE_GATEWAY = 24; // 16 bytes
export const ROUTE_SOURCE = 40; // 16 bytes
export const ROUTE_SIZE = 56;

/** enum of rtnetlink.h. */
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_ANYCAST = 4;
export const RTN_MULTICAST = 5;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;
export const RTN_THROW = 9;

export const RT_TABLE_DEFAULT = 253;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

// ---- neighbours: u32 ifindex, u32 family, 16 bytes of address (rest 0) to 6 bytes of a link address ---------------

export const NEIGHBOUR_KEY_ADDRESS = 8;
export const NEIGHBOUR_KEY_SIZE = 24;
export const NEIGHBOUR_SIZE = 8;

// ---- fields of the run state (RUN_ENVIRONMENT) --------------------------------------------------------------

/** Where keys of the tables are put together. */
export const RUN_NETWORK_KEY = 8456; // 24 bytes
/** What bpf_redirect_neigh was told to send to: AF_* or 0, and an address. */
export const RUN_NEXT_HOP_FAMILY = 8480; // u32
export const RUN_NEXT_HOP = 8484; // 16 bytes

/** Bits of RUN_REDIRECT_FLAGS that no program can set: BPF_F_NEIGH, BPF_F_PEER, BPF_F_NEXTHOP of net/core/filter.c. */
export const REDIRECT_NEIGHBOUR = 65_536;
export const REDIRECT_PEER = 131_072;
export const REDIRECT_NEXT_HOP = 262_144;

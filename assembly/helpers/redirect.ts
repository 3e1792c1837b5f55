import {
  CTX_XDP,
  MAP_TYPE,
  RUN_REDIRECT_FLAGS,
  RUN_REDIRECT_INDEX,
  RUN_REDIRECT_MAP,
} from '../../src/abi/layout';
import { MAP_TYPE_CPUMAP, MAP_TYPE_DEVMAP, MAP_TYPE_DEVMAP_HASH, MAP_TYPE_XSKMAP } from '../../src/abi/maps';
import {
  REDIRECT_NEIGHBOUR,
  REDIRECT_NEXT_HOP,
  REDIRECT_PEER,
  RUN_NEXT_HOP,
  RUN_NEXT_HOP_FAMILY,
} from '../../src/abi/network';
import { hashPeek } from '../maps/hash';
import { slateAt } from '../maps/slate';
import { mapArgument } from '../run/sandbox';
import { run } from '../run/state';
import { contextKind, memoryArgument, refuse } from './arguments';

// Redirects are recorded in the run state, for the host to carry out.

const XDP_ABORTED: u64 = 0;
const XDP_REDIRECT: u64 = 4;
const TC_ACT_SHOT: u64 = 2;
const TC_ACT_REDIRECT: u64 = 7;
const INGRESS: u64 = 1;
/** What redirect_map returns for a missing key: the low bits of the flags. */
const ACTION_MASK: u64 = 3;
const BROADCAST: u64 = 8;
const EXCLUDE_INGRESS: u64 = 16;
/** struct bpf_redir_neigh: u32 family, 16 bytes of address. */
const NEXT_HOP_SIZE: u64 = 20;
const ADDRESS_SIZE: u32 = 16;

function record(index: u32, map: u32, flags: u64): void {
  store<u32>(run, index, RUN_REDIRECT_INDEX);
  store<u32>(run, map, RUN_REDIRECT_MAP);
  store<u64>(run, flags, RUN_REDIRECT_FLAGS);
}

/** bpf_redirect(ifindex, flags) */
export function bpf_redirect(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const xdp = contextKind() == CTX_XDP;
  if (r2 & ~(xdp ? 0 : INGRESS)) return xdp ? XDP_ABORTED : TC_ACT_SHOT;
  record(r1 as u32, 0, r2);
  return xdp ? XDP_REDIRECT : TC_ACT_REDIRECT;
}

function isDeviceMap(type: u32): bool {
  return type == MAP_TYPE_DEVMAP || type == MAP_TYPE_DEVMAP_HASH;
}

/** bpf_redirect_peer(ifindex, flags): to the other end of a pair of interfaces. */
export function bpf_redirect_peer(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (r2) return TC_ACT_SHOT;
  record(r1 as u32, 0, REDIRECT_PEER);
  return TC_ACT_REDIRECT;
}

/** bpf_redirect_neigh(ifindex, params, plen, flags): as a neighbour would be sent to, of `params` or of the packet. */
export function bpf_redirect_neigh(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const size = r3 & 0xffff_ffff;
  if ((size && size < NEXT_HOP_SIZE) || r4) return TC_ACT_SHOT;
  if (size) {
    const params = memoryArgument(r2, size, 0);
    store<u32>(run, load<u32>(params), RUN_NEXT_HOP_FAMILY);
    memory.copy(run + RUN_NEXT_HOP, params + 4, ADDRESS_SIZE);
  }
  record(r1 as u32, 0, size ? REDIRECT_NEIGHBOUR | REDIRECT_NEXT_HOP : REDIRECT_NEIGHBOUR);
  return TC_ACT_REDIRECT;
}

/** Is there a port at `index`? The key of a devmap_hash is put where the index is recorded. */
function hasPort(map: u32, type: u32, index: u32): bool {
  if (type != MAP_TYPE_DEVMAP_HASH) return slateAt(map, index) != 0;
  store<u32>(run, index, RUN_REDIRECT_INDEX);
  return hashPeek(map, run + RUN_REDIRECT_INDEX) != 0;
}

/** bpf_redirect_map(map, key, flags) */
export function bpf_redirect_map(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  const type = load<u32>(map, MAP_TYPE);
  if (!isDeviceMap(type) && type != MAP_TYPE_CPUMAP && type != MAP_TYPE_XSKMAP) refuse(r1);
  const extra = isDeviceMap(type) ? BROADCAST | EXCLUDE_INGRESS : 0;
  if (r3 & ~(ACTION_MASK | extra)) return XDP_ABORTED;
  if (!hasPort(map, type, r2 as u32) && !(r3 & BROADCAST)) {
    record(0, 0, 0);
    return r3 & ACTION_MASK;
  }
  record(r2 as u32, map, r3);
  return XDP_REDIRECT;
}

import { MAP_MAX_ENTRIES, OBJ_HEADER, OBJ_PARENT } from '../../src/abi/layout';
import { E2BIG, EAGAIN, ENOENT, MAP_TYPE_CGROUP_ARRAY } from '../../src/abi/maps';
import { RUN_CGROUP } from '../../src/abi/tracing';
import { objectAt } from '../maps/slate';
import { ancestorId, cgroupId, isUnder } from '../objects/cgroups';
import { run } from '../run/state';
import { fullOf } from '../sockets/socket';
import { errno, typedMap } from './arguments';
import { contextSocket, socketOrObject } from './socketArguments';

// The cgroups of the current task and of sockets: net/core/filter.c, kernel/bpf/helpers.c. 0 stands for the root.

export function bpf_get_current_cgroup_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return cgroupId(load<u32>(run, RUN_CGROUP));
}

/** bpf_get_current_ancestor_cgroup_id(level) */
export function bpf_get_current_ancestor_cgroup_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return ancestorId(load<u32>(run, RUN_CGROUP), r1 as i32);
}

/** Whether `own` is, or is in, the cgroup that the map has at `index`. */
function isUnderEntry(map: u32, index: u32, own: u32): u64 {
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return errno(-E2BIG);
  const cgroup = objectAt(map, index);
  if (cgroup == 0) return errno(-EAGAIN);
  return isUnder(own, cgroup) ? 1 : 0;
}

/** bpf_current_task_under_cgroup(map, index) */
export function bpf_current_task_under_cgroup(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return isUnderEntry(typedMap(r1, MAP_TYPE_CGROUP_ARRAY), r2 as u32, load<u32>(run, RUN_CGROUP));
}

function cgroupOf(socket: u32): u32 {
  return load<u32>(socket - OBJ_HEADER, OBJ_PARENT);
}

/** The socket of the packet, a request's listener; 0 when there is none that has more than addresses. */
function socketOfPacket(context: u64): u32 {
  const socket = contextSocket(context);
  return socket ? fullOf(socket) : 0;
}

/** 0 for NULL, and for sockets in time-wait. */
function fullSocket(pointer: u64): u32 {
  const socket = socketOrObject(pointer);
  return socket ? fullOf(socket) : 0;
}

function idOf(socket: u32): u64 {
  return socket ? cgroupId(cgroupOf(socket)) : 0;
}

function ancestorIdOf(socket: u32, level: u64): u64 {
  return socket ? ancestorId(cgroupOf(socket), level as i32) : 0;
}

/** bpf_skb_under_cgroup(skb, map, index) */
export function bpf_skb_under_cgroup(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = typedMap(r2, MAP_TYPE_CGROUP_ARRAY);
  const socket = socketOfPacket(r1);
  return socket ? isUnderEntry(map, r3 as u32, cgroupOf(socket)) : errno(-ENOENT);
}

/** bpf_skb_cgroup_id(skb): 0 for packets without a socket. */
export function bpf_skb_cgroup_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return idOf(socketOfPacket(r1));
}

/** bpf_skb_ancestor_cgroup_id(skb, level) */
export function bpf_skb_ancestor_cgroup_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return ancestorIdOf(socketOfPacket(r1), r2);
}

export function bpf_sk_cgroup_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return idOf(fullSocket(r1));
}

/** bpf_sk_ancestor_cgroup_id(sk, level) */
export function bpf_sk_ancestor_cgroup_id(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return ancestorIdOf(fullSocket(r1), r2);
}

import {
  HDR_NCPU,
  HEADER,
  MAP_CPU_STRIDE,
  MAP_FLAGS,
  MAP_KEY_SIZE,
  MAP_VALUE_SIZE,
  RUN_CPU,
  RUN_SANDBOX,
} from '../../src/abi/layout';
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG } from '../../src/abi/maps';
import { lookup, push, remove, take, update } from '../maps/table';
import { argument, mapArgument } from '../run/sandbox';
import { charge, errno, refuse } from './arguments';
import { run } from '../run/state';

/** The kernel's verifier refuses programs that write to read-only maps, or read write-only ones. */
function requireAccess(map: u32, forbidden: u32): void {
  if (load<u32>(map, MAP_FLAGS) & forbidden) refuse(map);
}

function keyArgument(map: u32, key: u64): u32 {
  const size = load<u32>(map, MAP_KEY_SIZE);
  charge(size);
  return argument(key, size, 0);
}

function valueArgument(map: u32, value: u64, write: u32): u32 {
  const size = load<u32>(map, MAP_VALUE_SIZE);
  charge(size);
  return argument(value, size, write);
}

// The first three are most of what real programs call: what is trusted goes straight to the map.

function isTrusted(): bool {
  return load<u32>(run, RUN_SANDBOX) == 0;
}

export function bpf_map_lookup_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (isTrusted()) return lookup(r1 as u32, r2 as u32);
  const map = mapArgument(r1);
  requireAccess(map, BPF_F_WRONLY_PROG);
  return lookup(map, keyArgument(map, r2));
}

export function bpf_map_update_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (isTrusted()) return errno(update(r1 as u32, r2 as u32, r3 as u32, r4, false));
  const map = mapArgument(r1);
  requireAccess(map, BPF_F_RDONLY_PROG);
  return errno(update(map, keyArgument(map, r2), valueArgument(map, r3, 0), r4, false));
}

export function bpf_map_delete_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (isTrusted()) return errno(remove(r1 as u32, r2 as u32, false));
  const map = mapArgument(r1);
  requireAccess(map, BPF_F_RDONLY_PROG);
  return errno(remove(map, keyArgument(map, r2), false));
}

export function bpf_map_push_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  requireAccess(map, BPF_F_RDONLY_PROG);
  return errno(push(map, valueArgument(map, r2, 0), r3));
}

export function bpf_map_pop_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  requireAccess(map, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG);
  return errno(take(map, valueArgument(map, r2, 1), true));
}

export function bpf_map_peek_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  requireAccess(map, BPF_F_WRONLY_PROG);
  return errno(take(map, valueArgument(map, r2, 1), false));
}

/** The value of CPU r3; 0 for a CPU that is not there, or a map that is not per-CPU. */
export function bpf_map_lookup_percpu_elem(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const map = mapArgument(r1);
  const cpu = r3 as u32;
  const stride = load<u32>(map, MAP_CPU_STRIDE);
  requireAccess(map, BPF_F_WRONLY_PROG);
  if (cpu >= load<u32>(HEADER, HDR_NCPU) || stride == 0) return 0;
  const own = lookup(map, keyArgument(map, r2));
  return own ? own + (cpu - load<u32>(run, RUN_CPU)) * stride : 0;
}

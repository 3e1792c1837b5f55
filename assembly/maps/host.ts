import { MAP_FLAGS, MAP_SPIN_LOCK } from '../../src/abi/layout';
import { BPF_F_LOCK, BPF_F_RDONLY, BPF_F_WRONLY, EINVAL, EPERM } from '../../src/abi/maps';
import { nextKey, peek, push, remove, take, update } from './table';

// The host's operations, as the bpf(2) commands: creation flags decide what the host may do. See RuntimeExports.

function mayRead(map: u32): bool {
  return (load<u32>(map, MAP_FLAGS) & BPF_F_WRONLY) == 0;
}

function mayWrite(map: u32): bool {
  return (load<u32>(map, MAP_FLAGS) & BPF_F_RDONLY) == 0;
}

export function mapLookup(map: u32, key: u32): u32 {
  return mayRead(map) ? peek(map, key) : 0;
}

/** As the syscall, which looks at BPF_F_LOCK before anything else. */
export function mapUpdate(map: u32, key: u32, value: u32, flags: u32): i32 {
  if (!mayWrite(map)) return -EPERM;
  if (flags & BPF_F_LOCK && load<u32>(map, MAP_SPIN_LOCK) == 0) return -EINVAL;
  return update(map, key, value, flags, true);
}

export function mapDelete(map: u32, key: u32): i32 {
  return mayWrite(map) ? remove(map, key, true) : -EPERM;
}

export function mapNextKey(map: u32, key: u32, out: u32): i32 {
  return mayRead(map) ? nextKey(map, key, out) : -EPERM;
}

export function mapPush(map: u32, value: u32, flags: u32): i32 {
  return mayWrite(map) ? push(map, value, flags) : -EPERM;
}

export function mapPop(map: u32, out: u32): i32 {
  return mayRead(map) && mayWrite(map) ? take(map, out, true) : -EPERM;
}

export function mapPeek(map: u32, out: u32): i32 {
  return mayRead(map) ? take(map, out, false) : -EPERM;
}

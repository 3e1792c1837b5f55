import { MAP_FLAGS } from '../../src/abi/layout';
import { BPF_F_RDONLY, BPF_F_WRONLY, EPERM } from '../../src/abi/maps';
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

export function mapUpdate(map: u32, key: u32, value: u32, flags: u32): i32 {
  return mayWrite(map) ? update(map, key, value, flags, true) : -EPERM;
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

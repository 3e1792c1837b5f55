/**
 * The sandbox: is this memory, this map, this function one that the current program was given? Addresses are
 * compared in full 64 bits, so that truncation never turns a wild pointer into a valid one.
 */
import {
  FUNC_SIZE,
  MAP_TYPE,
  PROG_FUNCS,
  PROG_MAPS,
  PROG_NFUNCS,
  PROG_NMAPS,
  PROG_NREGIONS,
  PROG_REGIONS,
  REGION_ACCESS,
  REGION_END,
  REGION_READ,
  REGION_SIZE,
  REGION_START,
  REGION_WRITE,
  RUN_CTX,
  RUN_CTX_END,
  RUN_EVENT_NREGIONS,
  RUN_EVENT_REGIONS,
  RUN_PC,
  RUN_PKT_END,
  RUN_PKT_META,
  RUN_PROG,
  RUN_SANDBOX,
  RUN_STACK,
  RUN_STACK_TOP,
} from '../../src/abi/layout';
import { TRAP_BAD_FUNCTION, TRAP_BAD_MAP, TRAP_HELPER_MEMORY, TRAP_MEMORY } from '../../src/abi/traps';
import { insideSocket } from '../sockets/table';
import { insideObject } from '../objects/registry';
import { insideStorage, isStorage } from '../storage/elements';
import { spend } from './budget';
import { run } from './state';
import { trap } from './trap';

/** [address, address + size) lies in [start, end). Written so that nothing wraps. */
function within(address: u64, size: u64, start: u32, end: u32): bool {
  const offset = address - <u64>start;
  const length = <u64>(end - start);
  return offset <= length && size <= length - offset;
}

/** Index of the last of `count` sorted u32 at `stride` distance that is <= `key`; -1 when there is none. */
function lastNotAbove(base: u32, count: u32, stride: u32, key: u32): i32 {
  let low: i32 = 0;
  let high: i32 = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(base + middle * stride) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function insideRegions(regions: u32, count: u32, address: u64, size: u64, write: u32): bool {
  if (address > <u64>u32.MAX_VALUE) return false;
  const index = lastNotAbove(regions, count, REGION_SIZE, <u32>address);
  if (index < 0) return false;
  const region = regions + <u32>index * REGION_SIZE;
  const needed: u32 = write != 0 ? REGION_WRITE : REGION_READ;
  if ((load<u32>(region, REGION_ACCESS) & needed) == 0) return false;
  return within(address, size, load<u32>(region, REGION_START), load<u32>(region, REGION_END));
}

/** Memory of the program's maps, or that its event has brought. */
function insideRegion(address: u64, size: u64, write: u32): bool {
  const prog = load<u32>(run, RUN_PROG);
  if (prog == 0) return false;
  const own = load<u32>(prog, PROG_REGIONS);
  if (insideRegions(own, load<u32>(prog, PROG_NREGIONS), address, size, write)) return true;
  const count = load<u32>(run, RUN_EVENT_NREGIONS);
  return count != 0 && insideRegions(load<u32>(run, RUN_EVENT_REGIONS), count, address, size, write);
}

/** A value of the program's local storage maps, which stand in no list of regions: they come and go. */
function insideOwnStorage(address: u64, size: u64): bool {
  const prog = load<u32>(run, RUN_PROG);
  if (prog == 0) return false;
  const maps = load<u32>(prog, PROG_MAPS);
  for (let i: u32 = 0; i < load<u32>(prog, PROG_NMAPS); ++i) {
    const map = load<u32>(maps + (i << 2));
    if (isStorage(load<u32>(map, MAP_TYPE)) && insideStorage(map, address, size)) return true;
  }
  return false;
}

/**
 * [address, address + size) is memory of the current program: stack, packet, context, a map's values, what its event
 * has brought. It may read objects of the host besides.
 */
export function inside(address: u64, size: u64, write: u32): bool {
  if (within(address, size, load<u32>(run, RUN_STACK), load<u32>(run, RUN_STACK_TOP))) return true;
  if (within(address, size, load<u32>(run, RUN_PKT_META), load<u32>(run, RUN_PKT_END))) return true;
  if (within(address, size, load<u32>(run, RUN_CTX), load<u32>(run, RUN_CTX_END))) return true;
  if (insideRegion(address, size, write)) return true;
  if (write == 0 && (insideSocket(address, size) || insideObject(address, size))) return true;
  return insideOwnStorage(address, size);
}

/** A memory access of the instruction at `pc`: its address as u32, or a trap. */
export function check(address: u64, size: u32, write: u32, pc: u32): u32 {
  if (!inside(address, size, write)) trap(TRAP_MEMORY, pc, address);
  return <u32>address;
}

/**
 * Memory passed to a helper: its address as u32, or a trap. Nothing of size 0 is refused; it is at 0, since WebAssembly
 * traps where no bytes are copied to an address beyond memory.
 */
export function argument(address: u64, size: u32, write: u32): u32 {
  if (size == 0) return 0;
  if (load<u32>(run, RUN_SANDBOX) != 0 && !inside(address, size, write)) {
    trap(TRAP_HELPER_MEMORY, load<u32>(run, RUN_PC), address);
  }
  return <u32>address;
}

/** For helpers that read memory the program need not own (probe_read): false means -EFAULT. In both modes. */
export function readable(address: u64, size: u32): bool {
  return inside(address, size, 0);
}

function ownsMap(map: u64): bool {
  const prog = load<u32>(run, RUN_PROG);
  if (prog == 0 || map > <u64>u32.MAX_VALUE) return false;
  const maps = load<u32>(prog, PROG_MAPS);
  const index = lastNotAbove(maps, load<u32>(prog, PROG_NMAPS), 4, <u32>map);
  return index >= 0 && load<u32>(maps + (<u32>index << 2)) == <u32>map;
}

/**
 * A map passed to a helper: its address as u32, or a trap unless the current program uses that map. Also where a run
 * ends that owes for what earlier helpers did (see `owe`).
 */
export function mapArgument(map: u64): u32 {
  if (load<u32>(run, RUN_SANDBOX) == 0) return <u32>map;
  const pc = load<u32>(run, RUN_PC);
  if (!ownsMap(map)) trap(TRAP_BAD_MAP, pc, map);
  spend(0, pc);
  return <u32>map;
}

/** A function address (a FUNC descriptor of the current program) used at `pc`, in both modes; else a trap. */
export function checkFunction(address: u64, pc: u32): u32 {
  const prog = load<u32>(run, RUN_PROG);
  const offset = address - <u64>load<u32>(prog, PROG_FUNCS);
  const length = <u64>load<u32>(prog, PROG_NFUNCS) * FUNC_SIZE;
  if (offset >= length || offset % FUNC_SIZE != 0) trap(TRAP_BAD_FUNCTION, pc, address);
  return <u32>address;
}

/** A callback passed to a helper: its FUNC descriptor, or a trap. */
export function functionArgument(address: u64): u32 {
  return checkFunction(address, load<u32>(run, RUN_PC));
}

/** Memory by the kinds that the verifier knows: does an access lie where its pointer's kind says? */
import * as layout from '../../abi/layout.ts';
import { MAP_TYPE_RINGBUF } from '../../abi/maps.ts';
import type { Paused } from './paused.ts';
import { Disproof, hex } from './violation.ts';

const KEY_ALIGN = 8;
const align = (size: number): number => (size + KEY_ALIGN - 1) & -KEY_ALIGN;

/** Addresses of the maps that the running program was given, inner maps among them. */
function grantedMaps(paused: Paused): number[] {
  const program = paused.program;
  const list = paused.u32(program + layout.PROG_MAPS);
  const count = paused.u32(program + layout.PROG_NMAPS);
  return Array.from({ length: count }, (_, index) => paused.u32(list + 4 * index));
}

const mapAt = (paused: Paused, address: bigint): number | undefined =>
  grantedMaps(paused).find(
    (map) =>
      address >= BigInt(paused.u32(map + layout.MAP_VALUES)) &&
      address < BigInt(paused.u32(map + layout.MAP_VALUES_END)),
  );

/** End of the map's values: behind them lie the keys that bpf_for_each_map_elem hands out. */
function endOfValues(paused: Paused, map: number): number {
  const cpus = paused.u32(layout.HEADER + layout.HDR_NCPU);
  const keys = align(paused.u32(map + layout.MAP_KEY_SIZE)) * layout.MAX_FRAMES * cpus;
  return paused.u32(map + layout.MAP_VALUES_END) - keys;
}

/** The bytes lie in one value, not in two neighbours. */
function insideValue(paused: Paused, address: bigint, size: number): boolean {
  const map = mapAt(paused, address);
  if (map === undefined || Number(address) >= endOfValues(paused, map)) return false;
  const cpuStride = paused.u32(map + layout.MAP_CPU_STRIDE);
  const offset = Number(address) - paused.u32(map + layout.MAP_VALUES);
  const ofCpu = cpuStride === 0 ? offset : offset % cpuStride;
  const inValue = ofCpu % paused.u32(map + layout.MAP_VALUE_STRIDE);
  return inValue + size <= paused.u32(map + layout.MAP_VALUE_SIZE);
}

function insideKey(paused: Paused, address: bigint, size: number): boolean {
  const map = mapAt(paused, address);
  if (map === undefined) return false;
  const offset = Number(address) - endOfValues(paused, map);
  const keySize = paused.u32(map + layout.MAP_KEY_SIZE);
  return offset >= 0 && (offset % align(keySize)) + size <= keySize;
}

const insideRing = (paused: Paused, address: bigint): boolean => {
  const map = mapAt(paused, address);
  return map !== undefined && paused.u32(map + layout.MAP_TYPE) === MAP_TYPE_RINGBUF;
};

const between = (paused: Paused, from: number, to: number, address: bigint, size: number): boolean =>
  address >= BigInt(paused.state(from)) && address + BigInt(size) <= BigInt(paused.state(to));

/** The context; of raw memory, the memory itself. */
function insideContext(paused: Paused, address: bigint, size: number): boolean {
  const isRaw = paused.state(layout.RUN_CTX) === paused.state(layout.RUN_CTX_END);
  return isRaw
    ? between(paused, layout.RUN_PKT_DATA, layout.RUN_PKT_END, address, size)
    : between(paused, layout.RUN_CTX, layout.RUN_CTX_END, address, size);
}

/** The program may not touch more of its context than the proof says. */
export function checkContextSize(paused: Paused, limit: number, address: bigint, size: number): void {
  const isRaw = paused.state(layout.RUN_CTX) === paused.state(layout.RUN_CTX_END);
  const start = BigInt(paused.state(isRaw ? layout.RUN_PKT_DATA : layout.RUN_CTX));
  const end = address + BigInt(size) - start;
  if (end <= BigInt(limit)) return;
  throw new Disproof('contextSize', `byte ${end} of the context is accessed, not ${limit} at most`, address);
}

/** In one frame, of those that have been entered. */
function insideStack(paused: Paused, address: bigint, size: number): boolean {
  const down = BigInt(paused.stackTop) - address;
  if (down <= 0n || down > BigInt((paused.depth + 1) * layout.FRAME_SIZE)) return false;
  return (Number(down - 1n) % layout.FRAME_SIZE) + 1 >= size;
}

type Inside = (paused: Paused, address: bigint, size: number) => boolean;

const INSIDE: Readonly<Record<string, Inside>> = {
  fp: insideStack,
  ctx: insideContext,
  pkt: (paused, at, size) => between(paused, layout.RUN_PKT_DATA, layout.RUN_PKT_END, at, size),
  pkt_meta: (paused, at, size) => between(paused, layout.RUN_PKT_META, layout.RUN_PKT_DATA, at, size),
  map_value: insideValue,
  map_key: insideKey,
  ringbuf_mem: insideRing,
};

/** Of memory of other kinds nothing is known here but what the sandbox checks. */
export function checkMemory(paused: Paused, kind: string, address: bigint, size: number): void {
  if (INSIDE[kind]?.(paused, address, size) ?? true) return;
  throw new Disproof('memory', `${size} bytes at ${hex(address)} are not in memory of kind ${kind}`, address);
}

/** The maps of every generated program, in this order, and what they hold before it runs. */
import * as abi from '../../src/abi/maps.ts';
import type { MapSpec } from '../../src/frontend/program.ts';
import type { RawMap } from '../../src/index.ts';
import { mapSpec } from '../conformance/maps.ts';
import type { Random } from '../nodiff/random.ts';

export const ARRAY = 0;
export const HASH = 1;
export const PERCPU_ARRAY = 2;
export const LRU_HASH = 3;
export const RING = 4;
export const GLOBALS = 5;
export const CONSTANTS = 6;
export const PERCPU_HASH = 7;
export const QUEUE = 8;
export const WIDE = 9;
export const PROGRAMS = 10;

/** Bytes of .rodata: its numbers are known when the program is verified. */
const RODATA = Uint8Array.from({ length: 64 }, (_, i) => [7, 0, 255, 128, 15, 63, 1, 64][i >> 3] ?? 0);

export const MAPS: readonly MapSpec[] = [
  mapSpec('array', abi.MAP_TYPE_ARRAY, 4, 64, 8),
  mapSpec('hash', abi.MAP_TYPE_HASH, 4, 24, 8),
  mapSpec('percpu', abi.MAP_TYPE_PERCPU_ARRAY, 4, 32, 4),
  mapSpec('lru', abi.MAP_TYPE_LRU_HASH, 8, 16, 16),
  mapSpec('ring', abi.MAP_TYPE_RINGBUF, 0, 0, 4096),
  mapSpec('globals', abi.MAP_TYPE_ARRAY, 4, 256, 1),
  {
    ...mapSpec('constants', abi.MAP_TYPE_ARRAY, 4, RODATA.length, 1, abi.BPF_F_RDONLY_PROG),
    data: RODATA,
    frozen: true,
  },
  mapSpec('percpu_hash', abi.MAP_TYPE_PERCPU_HASH, 4, 8, 4),
  mapSpec('queue', abi.MAP_TYPE_QUEUE, 0, 8, 4),
  mapSpec('wide', abi.MAP_TYPE_ARRAY, 4, 5000, 2),
  mapSpec('programs', abi.MAP_TYPE_PROG_ARRAY, 4, 4, 4),
];

export const valueSizeOf = (map: number): number => MAPS[map]?.valueSize ?? 0;
export const keySizeOf = (map: number): number => MAPS[map]?.keySize ?? 0;

/** Maps with elements that bpf_map_lookup_elem finds. */
export const LOOKED_UP = [ARRAY, HASH, PERCPU_ARRAY, LRU_HASH, PERCPU_HASH, WIDE] as const;
/** Maps whose values are addressed directly (lddw of a map's value). */
export const DIRECT = [GLOBALS, CONSTANTS] as const;

const EDGES = [0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 65, 127, 128, 254, 255];

/** Bytes as programs like to compare them: mostly small or edges, words of one byte, now and then anything. */
export function likelyBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) at += putLikely(random, bytes, at);
  return bytes;
}

function putLikely(random: Random, bytes: Uint8Array, at: number): number {
  const width = random.pick([1, 1, 2, 4, 8] as const);
  const fill = random.chance(0.3) ? 0xff : 0;
  const low = random.chance(0.2) ? random.u32() & 0xff : random.pick(EDGES);
  for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = fill;
  bytes[at] = low;
  if (width > 1 && random.chance(0.2) && at + width <= bytes.length)
    bytes[at + width - 1] = random.pick([0x7f, 0x80]);
  return width;
}

const ARRAYS: ReadonlySet<number> = new Set([abi.MAP_TYPE_ARRAY, abi.MAP_TYPE_PERCPU_ARRAY]);
const HASHES: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_HASH,
  abi.MAP_TYPE_LRU_HASH,
  abi.MAP_TYPE_PERCPU_HASH,
  abi.MAP_TYPE_LRU_PERCPU_HASH,
]);

function keys(random: Random, { type, keySize, maxEntries }: MapSpec): Uint8Array[] {
  const key = (number: number): Uint8Array => {
    const bytes = new Uint8Array(keySize);
    for (let i = 0; i < Math.min(4, keySize); i++) bytes[i] = (number >>> (8 * i)) & 0xff;
    return bytes;
  };
  if (ARRAYS.has(type)) return Array.from({ length: Math.min(maxEntries, 8) }, (_, i) => key(i));
  if (!HASHES.has(type)) return [];
  return [0, 1, 2, 3].filter(() => random.chance(0.7)).map(key);
}

/** Puts numbers into maps whose contents are not fixed. */
export function fill(random: Random, maps: readonly RawMap[]): void {
  for (const map of maps) {
    if (map.spec.data !== undefined) continue;
    for (const key of keys(random, map.spec)) tryUpdate(map, key, likelyBytes(random, map.valueBytes));
  }
}

/** Maps of mutated objects may be smaller than the keys tried. */
function tryUpdate(map: RawMap, key: Uint8Array, value: Uint8Array): void {
  try {
    map.update(key, value);
  } catch {
    // Full, or read-only: then it stays as it is.
  }
}

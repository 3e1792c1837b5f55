/** Is everything a program was not given as it was? And are the maps it was given still maps? */
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import type { BpfObject } from '../../src/index.ts';

type Range = readonly [start: number, end: number];

/** Before each block of the allocator: its size, this header included. */
const BLOCK_HEADER = 16;
/** Slabs of a map, and where its key windows begin: assembly/maps/descriptor.ts. */
const SLABS = [8, 20, 24].map((offset) => layout.MAP_PRIVATE + offset);
const KEY_WINDOWS = layout.MAP_PRIVATE + 28;
/** What no run changes of its own state. */
const FIXED: readonly Range[] = [
  [layout.RUN_STACK, layout.RUN_CTX],
  [layout.RUN_CPU, layout.RUN_REDIRECT_INDEX],
  [layout.RUN_BUDGET, layout.RUN_REGS],
  [layout.RUN_SKB_TEMPLATE, layout.RUN_CTX_AREA],
  [layout.RUN_XDP_TEMPLATE, layout.RUN_RECORDS],
];
const UNCHANGEABLE: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_PROG_ARRAY,
  abi.MAP_TYPE_ARRAY_OF_MAPS,
  abi.MAP_TYPE_DEVMAP,
]);

const blockOf = ({ engine }: BpfObject, address: number): Range[] =>
  address === 0 ? [] : [[address, address - BLOCK_HEADER + engine.memory.u32(address - BLOCK_HEADER)]];

/** Memory in which the operations of a program on a map show. */
function mapRanges(object: BpfObject, map: number): Range[] {
  const { memory } = object.engine;
  if (UNCHANGEABLE.has(memory.u32(map + layout.MAP_TYPE))) return [];
  const slabs = SLABS.map((slab) => memory.u32(map + slab));
  if (memory.u32(map + layout.MAP_FLAGS) & abi.BPF_F_RDONLY_PROG) {
    return [[memory.u32(map + KEY_WINDOWS), memory.u32(map + layout.MAP_VALUES_END)]];
  }
  return [[map, map + layout.MAP_SIZE], ...slabs.flatMap((slab) => blockOf(object, slab))];
}

/** All memory that a run of the program over one packet may change, in order. */
function changeable(object: BpfObject, descriptor: number): Range[] {
  const { memory, run, arena } = object.engine;
  const list = memory.u32(descriptor + layout.PROG_MAPS);
  const count = memory.u32(descriptor + layout.PROG_NMAPS);
  const maps = Array.from({ length: count }, (_, i) => memory.u32(list + 4 * i));
  const room = arena.records + 64 * layout.REC_SIZE;
  const free = [0, ...FIXED.map(([, end]) => end)].map(
    (start, i): Range => [run + start, run + (FIXED[i]?.[0] ?? layout.RUN_SIZE)],
  );
  // Whoever looks an object of the host up holds their lock, whose count goes on.
  const lock = layout.HEADER + layout.HDR_OBJECTS_LOCK;
  return [
    [lock, lock + 4] as const,
    ...free,
    [arena.records, arena.records + layout.REC_SIZE] as const,
    [room, room + 4096] as const,
    ...[...maps, memory.u32(layout.HEADER + layout.HDR_PRINTK)].flatMap((map) => mapRanges(object, map)),
  ].sort(([a], [b]) => a - b);
}

export class Integrity {
  readonly #object: BpfObject;
  readonly #ranges: readonly Range[];
  readonly #before: Uint8Array;

  constructor(object: BpfObject, descriptor: number) {
    this.#object = object;
    this.#ranges = changeable(object, descriptor);
    this.#before = object.engine.memory.bytes.slice();
  }

  /** Addresses of bytes that have changed and must not have. */
  damage(): number[] {
    const after = this.#object.engine.memory.bytes;
    const found: number[] = after.length === this.#before.length ? [] : [after.length];
    let start = 0;
    for (const [from, to] of [...this.#ranges, [after.length, 0] as const]) {
      if (
        start < from &&
        Buffer.compare(after.subarray(start, from), this.#before.subarray(start, from)) !== 0
      ) {
        found.push(firstDifference(this.#before, after, start));
      }
      start = Math.max(start, to);
    }
    return found;
  }

  /** Is this pattern anywhere a program could have copied it to? */
  leaked(pattern: Buffer): boolean {
    const after = Buffer.from(this.#object.engine.memory.bytes.buffer);
    return this.#ranges.some(([from, to]) => after.subarray(from, to).includes(pattern));
  }
}

function firstDifference(before: Uint8Array, after: Uint8Array, start: number): number {
  let at = start;
  while (before[at] === after[at]) at++;
  return at;
}

/** What is wrong with the maps: iteration, size and lookup must tell the same. */
export function mapFaults(object: BpfObject): string[] {
  return object.maps.flatMap(({ name, type }) => {
    if (type !== abi.MAP_TYPE_HASH && type !== abi.MAP_TYPE_LRU_HASH && type !== abi.MAP_TYPE_LPM_TRIE)
      return [];
    const { raw } = object.map(name);
    const entries = [...raw.entries()];
    const wrong = entries.filter(([key, value]) => {
      const found = raw.lookup(key);
      return !found || Buffer.compare(found, value) !== 0;
    });
    const faults = wrong.map(([key]) => `${name}: lookup of ${Buffer.from(key).toString('hex')}`);
    return entries.length === raw.size ? faults : [...faults, `${name}: ${entries.length} of ${raw.size}`];
  });
}

/** Empties every map with elements and fills it again; throws when one has lost room. */
export function refill(object: BpfObject): void {
  for (const { name, type, keySize, valueSize, maxEntries } of object.maps) {
    if (type !== abi.MAP_TYPE_HASH && type !== abi.MAP_TYPE_LPM_TRIE) continue;
    const { raw } = object.map(name);
    for (const [key] of [...raw.entries()]) raw.delete(key);
    for (let i = 0; i < maxEntries; i++) {
      const key = new Uint8Array(keySize);
      key[0] = type === abi.MAP_TYPE_LPM_TRIE ? 32 : i + 1;
      key[4 % keySize] = i + 1;
      raw.update(key, new Uint8Array(valueSize));
    }
    for (const [key] of [...raw.entries()]) raw.delete(key);
  }
}

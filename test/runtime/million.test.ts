import { describe, expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import type { MapSpec } from '../../src/frontend/program.ts';
import { Engine } from '../../src/index.ts';
import type { RawMap } from '../../src/runtime/maps/raw.ts';
import { mapSpec } from '../conformance/maps.ts';

const MILLION = 1_000_000;
/** An element is looked at in so many. */
const SAMPLE = 4999;

interface Filled {
  readonly engine: Engine;
  readonly map: RawMap;
  /** Where keys and values are put for the runtime, which is called as RawMap calls it, without its checks. */
  readonly key: number;
  readonly value: number;
}

const KEYED: readonly MapSpec[] = [
  mapSpec('hash', abi.MAP_TYPE_HASH, 4, 8, MILLION),
  mapSpec('hash, lazy', abi.MAP_TYPE_HASH, 4, 8, MILLION, abi.BPF_F_NO_PREALLOC),
  mapSpec('percpu hash', abi.MAP_TYPE_PERCPU_HASH, 4, 8, MILLION),
  mapSpec('lru hash', abi.MAP_TYPE_LRU_HASH, 4, 8, MILLION),
  mapSpec('lru percpu hash', abi.MAP_TYPE_LRU_PERCPU_HASH, 4, 8, MILLION),
  mapSpec('devmap hash', abi.MAP_TYPE_DEVMAP_HASH, 4, 4, MILLION),
  mapSpec('lpm trie', abi.MAP_TYPE_LPM_TRIE, 8, 8, MILLION, abi.BPF_F_NO_PREALLOC),
];
const INDEXED: readonly MapSpec[] = [
  mapSpec('array', abi.MAP_TYPE_ARRAY, 4, 8, MILLION),
  mapSpec('percpu array', abi.MAP_TYPE_PERCPU_ARRAY, 4, 8, MILLION),
  mapSpec('devmap', abi.MAP_TYPE_DEVMAP, 4, 4, MILLION),
  mapSpec('xskmap', abi.MAP_TYPE_XSKMAP, 4, 4, MILLION),
];
const QUEUES: readonly MapSpec[] = [
  mapSpec('queue', abi.MAP_TYPE_QUEUE, 0, 8, MILLION),
  mapSpec('stack', abi.MAP_TYPE_STACK, 0, 8, MILLION),
];

async function open(spec: MapSpec): Promise<Filled> {
  const engine = await Engine.create({ engine: 'interp' });
  const { memory } = engine;
  return { engine, map: engine.createMap(spec), key: memory.alloc(16), value: memory.alloc(16) };
}

/** Spread over all addresses, so that a trie is deep; never 0, which some types take for nothing. */
const keyOf = (index: number): number => Math.imul(index, 0x9e3779b1) >>> 0;
const contentOf = (index: number): number => index + 1;

function putKey({ engine, map, key }: Filled, index: number): void {
  const isTrie = map.spec.type === abi.MAP_TYPE_LPM_TRIE;
  const isIndexed = INDEXED.includes(map.spec);
  if (isTrie) engine.memory.setU32(key, 32);
  engine.memory.setU32(isTrie ? key + 4 : key, isIndexed ? index : keyOf(index));
}

function fill(filled: Filled): void {
  const { engine, map, key, value } = filled;
  for (let index = 0; index < MILLION; index++) {
    putKey(filled, index);
    engine.memory.setU32(value, contentOf(index));
    const result = engine.exports.mapUpdate(map.address, key, value, 0);
    if (result !== 0) throw new Error(`element ${index}: ${result}`);
  }
}

function sampled(filled: Filled): boolean[] {
  const found: boolean[] = [];
  for (let index = 0; index < MILLION; index += SAMPLE) {
    putKey(filled, index);
    const at = filled.engine.exports.mapLookup(filled.map.address, filled.key) >>> 0;
    found.push(at !== 0 && filled.engine.memory.u32(at) === contentOf(index));
  }
  return found;
}

function empty(filled: Filled): void {
  const { engine, map, key } = filled;
  for (let index = 0; index < MILLION; index++) {
    putKey(filled, index);
    engine.exports.mapDelete(map.address, key);
  }
}

const bytes = ({ engine }: Filled): number => engine.memory.memory.buffer.byteLength;

/** The map is destroyed and made anew in the memory that it has left. */
function remake(filled: Filled): Filled {
  const { engine, map } = filled;
  engine.destroyMap(map);
  return { ...filled, map: engine.createMap(map.spec) };
}

describe('a million elements', () => {
  test.each(KEYED.map((spec) => [spec.name, spec] as const))('%s', { timeout: 120_000 }, async (_, spec) => {
    const filled = await open(spec);
    fill(filled);
    const used = bytes(filled);
    // An LRU map begins to throw out what is oldest a little before it is full.
    const isLru = spec.name.startsWith('lru');
    const all = sampled(filled);
    expect(all.filter(Boolean).length).toBeGreaterThanOrEqual(isLru ? all.length * 0.9 : all.length);
    if (!isLru) expect(filled.map.size).toBe(MILLION);
    empty(filled);
    expect(filled.map.size).toBe(0);
    expect(sampled(filled)).not.toContain(true);
    fill(filled);
    const again = remake(filled);
    fill(again);
    expect(bytes(again)).toBe(used);
  });

  test.each(INDEXED.map((spec) => [spec.name, spec] as const))(
    '%s',
    { timeout: 120_000 },
    async (_, spec) => {
      const filled = await open(spec);
      fill(filled);
      const used = bytes(filled);
      expect(sampled(filled)).not.toContain(false);
      const again = remake(filled);
      fill(again);
      expect(bytes(again)).toBe(used);
    },
  );

  test.each(QUEUES.map((spec) => [spec.name, spec] as const))('%s', { timeout: 120_000 }, async (_, spec) => {
    const { engine, map, value } = await open(spec);
    const { exports, memory } = engine;
    const used = memory.memory.buffer.byteLength;
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < MILLION; index++) {
        memory.setU32(value, index);
        expectZero(exports.mapPush(map.address, value, 0));
      }
      expect(exports.mapPush(map.address, value, 0)).toBe(-abi.E2BIG);
      for (let index = 0; index < MILLION; index++) expectZero(exports.mapPop(map.address, value));
      expect(memory.u32(value)).toBe(spec.name === 'queue' ? MILLION - 1 : 0);
      expect(exports.mapPop(map.address, value)).toBe(-abi.ENOENT);
    }
    expect(memory.memory.buffer.byteLength).toBe(used);
  });
});

/** A million calls of expect() take longer than what they look at. */
function expectZero(result: number): void {
  if (result !== 0) throw new Error(`the runtime answers ${result}`);
}

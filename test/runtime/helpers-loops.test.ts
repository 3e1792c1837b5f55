import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import * as traps from '../../src/abi/traps.ts';
import { type Callback, memoryKinds, Runtime } from './harness.ts';

const ELEMENTS = 200;

describe.each(memoryKinds)('callbacks in %s memory', (kind) => {
  const open = (type: number, keySize: number) => {
    const runtime = new Runtime(kind, 2);
    const map = runtime.create({ type, keySize, valueSize: 8, maxEntries: ELEMENTS });
    runtime.start({ maps: [map] });
    const keyBytes = (number: number) => {
      const bytes = new Uint8Array(keySize);
      new DataView(bytes.buffer).setUint16(0, number, true);
      return bytes;
    };
    const perCpu = runtime.u32(map + layout.MAP_CPU_STRIDE) !== 0;
    const value = (number: number) =>
      new Uint8Array(new BigUint64Array(perCpu ? 2 : 1).fill(BigInt(number)).buffer);
    const put = (number: number) => runtime.update(map, keyBytes(number), value(number * 10));
    for (let number = 0; number < ELEMENTS; number++) put(number);
    const each = (body: (key: number, keyAddress: number, valueAddress: number) => boolean) => {
      const callback: Callback = (_map, key, at) => {
        const number = runtime.u32(Number(key)) & 0xffff;
        return body(number, Number(key), Number(at)) ? 1n : 0n;
      };
      return Number(runtime.call('bpf_for_each_map_elem', map, runtime.callback(callback), 5, 0));
    };
    return { runtime, map, keyBytes, put, each };
  };

  test.each([
    ['hash', abi.MAP_TYPE_HASH, 4],
    ['hash with keys of 20 bytes', abi.MAP_TYPE_HASH, 20],
    ['per-CPU hash', abi.MAP_TYPE_PERCPU_HASH, 8],
    ['LRU hash', abi.MAP_TYPE_LRU_HASH, 4],
    ['LRU per-CPU hash', abi.MAP_TYPE_LRU_PERCPU_HASH, 4],
    ['array', abi.MAP_TYPE_ARRAY, 4],
    ['per-CPU array', abi.MAP_TYPE_PERCPU_ARRAY, 4],
  ])('for_each_map_elem visits every element of a %s once', (_name, type, keySize) => {
    const { runtime, each } = open(type, keySize);
    const seen = new Map<number, bigint>();
    const count = each((key, keyAddress, value) => {
      seen.set(key, runtime.u64(value));
      expect(runtime.exports.check(BigInt(keyAddress), keySize, 0, 0)).toBe(keyAddress);
      return false;
    });
    expect(count).toBe(ELEMENTS);
    expect(seen).toEqual(new Map(Array.from({ length: ELEMENTS }, (_, i) => [i, BigInt(i * 10)])));
  });

  test.each([abi.MAP_TYPE_HASH, abi.MAP_TYPE_LRU_HASH])('deleting while iterating (type %i)', (type) => {
    const { runtime, map, keyBytes, each } = open(type, 4);
    const seen = new Set<number>();
    const deleted = new Set<number>();
    each((key) => {
      expect(deleted.has(key)).toBe(false);
      seen.add(key);
      for (const victim of [key, (key * 7) % ELEMENTS]) {
        if (runtime.delete(map, keyBytes(victim)) === 0) deleted.add(victim);
      }
      return false;
    });
    for (let key = 0; key < ELEMENTS; key++) expect(seen.has(key) || deleted.has(key)).toBe(true);
    expect(runtime.count(map)).toBe(ELEMENTS - deleted.size);
  });

  test('updating while iterating visits every element once', () => {
    const { put, each } = open(abi.MAP_TYPE_HASH, 4);
    let visits = 0;
    each((key) => {
      visits++;
      put(key);
      return false;
    });
    expect(visits).toBe(ELEMENTS);
  });

  test('a callback that returns 1 ends it', () => {
    const { each } = open(abi.MAP_TYPE_HASH, 4);
    let visits = 0;
    expect(each(() => ++visits === 3)).toBe(3);
    expect(each(() => true)).toBe(1);
  });

  test('loop counts its turns, and gives the callback index and context', () => {
    const runtime = new Runtime(kind);
    runtime.start();
    const calls: bigint[][] = [];
    const callback = runtime.callback((index = 0n, context = 0n) => {
      calls.push([index, context]);
      return index === 4n ? 1n : 0n;
    });
    expect(runtime.call('bpf_loop', 3, callback, 99, 0)).toBe(3n);
    expect(runtime.call('bpf_loop', 9, callback, 99, 0)).toBe(5n);
    expect(calls.slice(0, 3)).toEqual([0n, 1n, 2n].map((index) => [index, 99n]));
  });

  test('for_each_map_elem refuses flags and maps without elements', () => {
    const { runtime, map } = open(abi.MAP_TYPE_ARRAY, 4);
    const callback = runtime.callback(() => 0n);
    expect(runtime.call('bpf_for_each_map_elem', map, callback, 0, 1)).toBe(BigInt(-abi.EINVAL));
    const queue = runtime.create({ type: abi.MAP_TYPE_QUEUE, keySize: 0 });
    runtime.start({ maps: [queue] });
    const again = runtime.callback(() => 0n);
    expect(runtime.trapOf('bpf_for_each_map_elem', queue, again, 0, 0)?.kind).toBe(traps.TRAP_BAD_ARGUMENT);
  });
});

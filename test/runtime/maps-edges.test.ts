import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import { memoryKinds, Runtime } from './harness.ts';

const value64 = (value: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);

describe.each(memoryKinds)('maps in %s memory', (kind) => {
  describe('creation', () => {
    /** type, key size, value size, max_entries, flags, error number: as bpf(2) of Linux 6.18 answers. */
    test.each([
      [abi.MAP_TYPE_ARRAY, 8, 4, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_ARRAY, 4, 0, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_ARRAY, 4, 4, 0, 0, abi.EINVAL],
      [abi.MAP_TYPE_ARRAY, 4, 4, 1, abi.BPF_F_NO_PREALLOC, abi.EINVAL],
      [abi.MAP_TYPE_ARRAY, 4, 4, 1, abi.BPF_F_RDONLY | abi.BPF_F_WRONLY, abi.EINVAL],
      [abi.MAP_TYPE_ARRAY, 4, 4, 1, abi.BPF_F_RDONLY_PROG | abi.BPF_F_WRONLY_PROG, abi.EINVAL],
      [abi.MAP_TYPE_PERCPU_ARRAY, 4, 32769, 1, 0, abi.E2BIG],
      [abi.MAP_TYPE_PERCPU_ARRAY, 4, 4, 1, abi.BPF_F_MMAPABLE, abi.EINVAL],
      [abi.MAP_TYPE_PROG_ARRAY, 4, 8, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_HASH, 0, 4, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_HASH, 4, 4, 1, abi.BPF_F_NO_COMMON_LRU, abi.EINVAL],
      [abi.MAP_TYPE_HASH, 4, 1 << 22, 1, 0, abi.E2BIG],
      [abi.MAP_TYPE_LRU_HASH, 4, 4, 1, abi.BPF_F_NO_PREALLOC, abi.ENOTSUPP],
      [abi.MAP_TYPE_LPM_TRIE, 8, 4, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_LPM_TRIE, 4, 4, 1, abi.BPF_F_NO_PREALLOC, abi.EINVAL],
      [abi.MAP_TYPE_LPM_TRIE, 261, 4, 1, abi.BPF_F_NO_PREALLOC, abi.EINVAL],
      [abi.MAP_TYPE_QUEUE, 4, 4, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_STACK, 0, 0, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_RINGBUF, 0, 0, 4097, 0, abi.EINVAL],
      [abi.MAP_TYPE_RINGBUF, 0, 0, 2048, 0, abi.EINVAL],
      [abi.MAP_TYPE_RINGBUF, 0, 0, 12288, 0, abi.EINVAL],
      [abi.MAP_TYPE_RINGBUF, 4, 0, 4096, 0, abi.EINVAL],
      [abi.MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, 0, abi.EINVAL],
      [abi.MAP_TYPE_SOCKMAP, 4, 4, 1, 0, abi.EOPNOTSUPP],
      [0, 4, 4, 1, 0, abi.EINVAL],
      [99, 4, 4, 1, 0, abi.EINVAL],
    ])('type %i, key %i, value %i, %i entries, flags %i', (type, keySize, valueSize, maxEntries, flags, error) => {
      const runtime = new Runtime(kind);
      expect(runtime.create({ type, keySize, valueSize, maxEntries, flags })).toBe(-error);
    });

    test('more than memory holds is -ENOMEM, and leaves nothing behind', () => {
      const runtime = new Runtime(kind, 1, 64);
      const big = { type: abi.MAP_TYPE_HASH, valueSize: 64, maxEntries: 100_000 };
      expect(runtime.create(big)).toBe(-abi.ENOMEM);
      expect(runtime.create({ ...big, maxEntries: 0x7fffffff, valueSize: 1 << 20 })).toBe(-abi.ENOMEM);
      for (let i = 0; i < 100; i++) runtime.create(big);
      expect(runtime.create({ ...big, maxEntries: 1000 })).toBeGreaterThan(0);
    });

    test('a map for 10 million elements costs only what it uses', () => {
      const before = process.memoryUsage.rss();
      const runtime = new Runtime(kind, 1, 16384);
      const map = runtime.create({
        type: abi.MAP_TYPE_HASH,
        keySize: 8,
        valueSize: 8,
        maxEntries: 10_000_000,
      });
      expect(runtime.update(map, value64(1), value64(1))).toBe(0);
      expect(process.memoryUsage.rss() - before).toBeLessThan(32 << 20);
    });

    test.each([
      ['hash', abi.MAP_TYPE_HASH, 16],
      ['LRU hash', abi.MAP_TYPE_LRU_HASH, 24],
    ])('a %s takes little beyond keys and values', (_name, type, most) => {
      for (const maxEntries of [1_000, 1_000_000, 1_048_577]) {
        for (const [keySize, valueSize] of [[4, 8] as const, [16, 8] as const, [16, 64] as const]) {
          const runtime = new Runtime(kind, 1, 16384);
          const before = runtime.exports.alloc(1 << 13);
          const map = runtime.create({ type, keySize, valueSize, maxEntries });
          // Large blocks follow each other in fresh memory.
          const bytes = runtime.exports.alloc(1 << 13) - before - (1 << 13);
          expect(map).toBeGreaterThan(0);
          // Threads leave each other time to look at what was deleted.
          const spare = kind === 'shared' ? 100_000 : 0;
          expect((bytes - spare) / maxEntries - keySize - valueSize).toBeLessThan(most);
        }
      }
    });
  });

  describe('a value that a program looked up', () => {
    const open = (type: number) => {
      const runtime = new Runtime(kind);
      const map = runtime.create({ type, keySize: 4, valueSize: 8, maxEntries: 2 });
      runtime.start({ maps: [map] });
      const stack = runtime.frame - 64;
      const lookup = (key: number) => {
        runtime.setU32(stack, key);
        return Number(runtime.call('bpf_map_lookup_elem', map, stack));
      };
      return { runtime, map, lookup };
    };

    test.each([
      ['hash', abi.MAP_TYPE_HASH],
      ['LRU hash', abi.MAP_TYPE_LRU_HASH],
    ])('of a full %s stays readable after the element is deleted or replaced', (_name, type) => {
      const { runtime, map, lookup } = open(type);
      runtime.update(map, 1, value64(11));
      runtime.update(map, 2, value64(22));
      const deleted = lookup(1);
      const replaced = lookup(2);
      expect(runtime.delete(map, 1)).toBe(0);
      for (let i = 0; i < 100; i++) {
        runtime.update(map, 2, value64(100 + i));
        runtime.update(map, 3, value64(200 + i));
      }
      expect(runtime.u64(deleted)).toBe(11n);
      expect(runtime.u64(replaced)).toBe(22n);
      expect(runtime.lookup(map, 2)).toEqual(value64(199));
    });
  });

  test('a program’s update of a per-CPU value touches its own CPU’s only', () => {
    const runtime = new Runtime(kind, 3);
    for (const type of [abi.MAP_TYPE_PERCPU_ARRAY, abi.MAP_TYPE_PERCPU_HASH, abi.MAP_TYPE_LRU_PERCPU_HASH]) {
      const map = runtime.create({ type, valueSize: 8, maxEntries: 4 });
      for (const cpu of [2, 1]) {
        runtime.attach(cpu);
        runtime.start({ maps: [map] });
        const stack = runtime.frame - 64;
        runtime.setU32(stack, 3);
        runtime.setU64(stack + 8, BigInt(cpu * 10));
        expect(runtime.call('bpf_map_update_elem', map, stack, stack + 8, abi.BPF_ANY)).toBe(0n);
        const own = Number(runtime.call('bpf_map_lookup_elem', map, stack));
        expect(runtime.u64(own)).toBe(BigInt(cpu * 10));
        expect(Number(runtime.call('bpf_map_lookup_percpu_elem', map, stack, cpu))).toBe(own);
        expect(runtime.call('bpf_map_lookup_percpu_elem', map, stack, 3)).toBe(0n);
      }
      const [, values] = runtime.dump(map, 10).find(([key]) => key[0] === 3) ?? [];
      expect([...new BigUint64Array(values?.buffer ?? new ArrayBuffer(0))]).toEqual([0n, 10n, 20n]);
    }
  });

  test('a locked update writes in place, and no update touches the lock', () => {
    const runtime = new Runtime(kind);
    const map = runtime.create({ type: abi.MAP_TYPE_HASH, valueSize: 12, maxEntries: 2 });
    const value = (first: number, second: number) =>
      new Uint8Array(Uint32Array.of(first, 0xffffffff, second).buffer);
    expect(runtime.update(map, 1, value(1, 2), abi.BPF_F_LOCK)).toBe(-abi.EINVAL);
    runtime.setU32(map + layout.MAP_SPIN_LOCK, 4 + 1);
    expect(runtime.update(map, 1, value(1, 2))).toBe(0);
    const address = runtime.exports.mapLookup(map, runtime.scratch);
    expect(runtime.update(map, 1, value(3, 4), abi.BPF_F_LOCK)).toBe(0);
    expect(runtime.exports.mapLookup(map, runtime.scratch)).toBe(address);
    expect([0, 4, 8].map((at) => runtime.u32(address + at))).toEqual([3, 0, 4]);
  });

  test('what the host may do is in the flags', () => {
    const runtime = new Runtime(kind);
    const readOnly = runtime.create({ type: abi.MAP_TYPE_HASH, flags: abi.BPF_F_RDONLY });
    expect(runtime.update(readOnly, 1, 1)).toBe(-abi.EPERM);
    expect(runtime.delete(readOnly, 1)).toBe(-abi.EPERM);
    const writeOnly = runtime.create({ type: abi.MAP_TYPE_HASH, flags: abi.BPF_F_WRONLY });
    expect(runtime.update(writeOnly, 1, 1)).toBe(0);
    expect(runtime.lookup(writeOnly, 1)).toBeUndefined();
    expect(runtime.nextKey(writeOnly)).toBe(-abi.EPERM);
    expect(runtime.exports.mapDump(writeOnly, 0, runtime.scratch, runtime.scratch, 1, runtime.scratch)).toBe(
      -abi.EPERM,
    );
  });

  test('updating and deleting while iterating visits every key once', () => {
    const runtime = new Runtime(kind);
    const map = runtime.create({ type: abi.MAP_TYPE_HASH, maxEntries: 1000 });
    for (let key = 0; key < 1000; key++) runtime.update(map, key, key);
    const seen: number[] = [];
    for (let key = runtime.nextKey(map); typeof key !== 'number'; key = runtime.nextKey(map, key)) {
      seen.push(new DataView(key.buffer).getUint32(0, true));
      runtime.update(map, key, 1);
    }
    expect(new Set(seen).size).toBe(1000);
    expect(seen).toHaveLength(1000);
  });
});

describe('maps of programs and of maps', () => {
  const open = (type: number) => {
    const runtime = new Runtime('plain');
    const template = runtime.create({ type: abi.MAP_TYPE_ARRAY, valueSize: 8, maxEntries: 2 });
    const outer = runtime.create({ type, maxEntries: 4, extra: template });
    return { runtime, template, outer };
  };

  test.each([
    ['array_of_maps', abi.MAP_TYPE_ARRAY_OF_MAPS],
    ['hash_of_maps', abi.MAP_TYPE_HASH_OF_MAPS],
  ])('%s gives programs the inner map and the host its number', (_name, type) => {
    const { runtime, outer } = open(type);
    const inner = runtime.create({ type: abi.MAP_TYPE_ARRAY, valueSize: 8, maxEntries: 2 });
    runtime.setU32(inner + layout.MAP_ID, 77);
    expect(runtime.update(outer, 1, inner)).toBe(0);
    runtime.start({ maps: [outer] });
    const stack = runtime.frame - 64;
    runtime.setU32(stack, 1);
    expect(Number(runtime.call('bpf_map_lookup_elem', outer, stack))).toBe(inner);
    runtime.setU32(stack, 2);
    expect(runtime.call('bpf_map_lookup_elem', outer, stack)).toBe(0n);
    expect(runtime.call('bpf_map_update_elem', outer, stack, stack, 0)).toBe(BigInt(-abi.EINVAL));
    const number = runtime.exports.mapLookup(outer, key(runtime, 1));
    expect(runtime.u32(number)).toBe(77);
    expect(runtime.u32(outer + layout.MAP_VALUES)).toBe(0);
    expect(runtime.dump(outer, 1).map(([k, v]) => [k[0], v[0]])).toEqual([[1, 77]]);
    expect(runtime.delete(outer, 1)).toBe(0);
    expect(runtime.delete(outer, 1)).toBe(-abi.ENOENT);
  });

  test('an inner map must have the template’s shape', () => {
    const { runtime, outer } = open(abi.MAP_TYPE_ARRAY_OF_MAPS);
    const other = runtime.create({ type: abi.MAP_TYPE_ARRAY, valueSize: 8, maxEntries: 3 });
    expect(runtime.update(outer, 0, other)).toBe(-abi.EINVAL);
    expect(runtime.update(outer, 0, 0)).toBe(-abi.EINVAL);
    const hash = runtime.create({ type: abi.MAP_TYPE_HASH, valueSize: 8, maxEntries: 2 });
    expect(runtime.update(outer, 0, hash)).toBe(-abi.EINVAL);
    const nested = { type: abi.MAP_TYPE_ARRAY_OF_MAPS, extra: outer };
    expect(runtime.create(nested)).toBe(-abi.EINVAL);
  });

  test('an inner map lives as long as an outer map holds it', () => {
    const { runtime, outer } = open(abi.MAP_TYPE_ARRAY_OF_MAPS);
    const inner = runtime.create({ type: abi.MAP_TYPE_ARRAY, valueSize: 8, maxEntries: 2 });
    runtime.update(outer, 0, inner);
    runtime.exports.mapDestroy(inner);
    expect(runtime.u32(inner + layout.MAP_MAGIC)).toBe(layout.MAP_MAGIC_VALUE);
    runtime.exports.mapDestroy(outer);
    expect(runtime.u32(inner + layout.MAP_MAGIC)).not.toBe(layout.MAP_MAGIC_VALUE);
  });

  test('program arrays', () => {
    const runtime = new Runtime('plain');
    const map = runtime.create({ type: abi.MAP_TYPE_PROG_ARRAY, maxEntries: 2 });
    const prog = runtime.exports.alloc(layout.PROG_SIZE);
    runtime.setU32(prog + layout.PROG_ID, 42);
    expect(runtime.update(map, 1, prog)).toBe(0);
    expect(runtime.update(map, 1, prog, abi.BPF_EXIST)).toBe(-abi.EINVAL);
    expect(runtime.update(map, 2, prog)).toBe(-abi.E2BIG);
    expect(runtime.u32(runtime.exports.mapLookup(map, key(runtime, 1)))).toBe(42);
    expect(runtime.lookup(map, 0)).toBeUndefined();
    expect(runtime.count(map)).toBe(1);
    expect(runtime.delete(map, 1)).toBe(0);
    expect(runtime.delete(map, 1)).toBe(-abi.ENOENT);
    expect(runtime.delete(map, 2)).toBe(-abi.E2BIG);
  });
});

function key(runtime: Runtime, value: number): number {
  runtime.setU32(runtime.scratch, value);
  return runtime.scratch;
}

test('the allocator gives zeroed, aligned memory that does not overlap, and takes it back', () => {
  const runtime = new Runtime('plain', 1, 2048);
  const { alloc, free } = runtime.exports;
  const size = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 5000 }), fc.nat({ max: 300_000 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.boolean()), { maxLength: 60 }), (requests) => {
      const held: { address: number; size: number }[] = [];
      for (const [bytes, release] of requests) {
        const address = alloc(bytes);
        expect(address % 16).toBe(0);
        expect(address).toBeGreaterThan(0);
        expect(runtime.read(address, bytes).every((byte) => byte === 0)).toBe(true);
        for (const other of held) {
          expect(address + bytes <= other.address || other.address + other.size <= address).toBe(true);
        }
        runtime.bytes.fill(0xff, address, address + bytes);
        held.push({ address, size: bytes });
        if (release) free(held.shift()?.address ?? 0);
      }
      for (const { address } of held) free(address);
    }),
    { numRuns: 100 },
  );
  const before = runtime.memory.buffer.byteLength;
  for (let i = 0; i < 1000; i++) free(alloc(1 << 20));
  expect(runtime.memory.buffer.byteLength).toBe(Math.max(before, runtime.memory.buffer.byteLength));
  expect(runtime.memory.buffer.byteLength).toBeLessThan(64 << 20);
  expect(alloc(0xfffffff0)).toBe(0);
});

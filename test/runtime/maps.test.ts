import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAP_VALUES } from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import { type MemoryKind, memoryKinds, Runtime } from './harness.ts';
import {
  ArrayModel,
  HashModel,
  LruModel,
  type Model,
  type Prefix,
  QueueModel,
  TrieModel,
} from './maps-model.ts';

const MAX_ENTRIES = 8;
const CPUS = 3;
/** Keys 0 to 11: some in, some out of range of arrays, more than fit in a hash. */
const keys = fc.nat({ max: 11 });
const flags = fc.oneof(
  { weight: 5, arbitrary: fc.constant(abi.BPF_ANY) },
  { weight: 1, arbitrary: fc.constantFrom(abi.BPF_NOEXIST, abi.BPF_EXIST, 3, abi.BPF_F_LOCK, 8) },
);

type Operation =
  | { readonly op: 'update'; readonly key: number; readonly value: number; readonly flags: number }
  | { readonly op: 'delete' | 'lookup' | 'use'; readonly key: number };

const operations = fc.array(
  fc.oneof(
    fc.record({ op: fc.constant('update' as const), key: keys, value: fc.nat({ max: 0xffff }), flags }),
    fc.record({ op: fc.constantFrom('delete', 'lookup', 'use'), key: keys }),
  ) as fc.Arbitrary<Operation>,
  { maxLength: 60 },
);

interface Subject {
  readonly name: string;
  readonly type: number;
  readonly model: () => Model;
  readonly perCpu?: boolean;
  readonly keySizes: readonly number[];
}

const hashKeys = [1, 2, 3, 4, 5, 8, 12, 16, 20, 33, 64, 512];
const subjects: readonly Subject[] = [
  { name: 'array', type: abi.MAP_TYPE_ARRAY, model: () => new ArrayModel(MAX_ENTRIES), keySizes: [4] },
  {
    name: 'per-CPU array',
    type: abi.MAP_TYPE_PERCPU_ARRAY,
    model: () => new ArrayModel(MAX_ENTRIES),
    perCpu: true,
    keySizes: [4],
  },
  { name: 'hash', type: abi.MAP_TYPE_HASH, model: () => new HashModel(MAX_ENTRIES), keySizes: hashKeys },
  {
    name: 'per-CPU hash',
    type: abi.MAP_TYPE_PERCPU_HASH,
    model: () => new HashModel(MAX_ENTRIES),
    perCpu: true,
    keySizes: hashKeys,
  },
  {
    name: 'LRU hash',
    type: abi.MAP_TYPE_LRU_HASH,
    model: () => new LruModel(MAX_ENTRIES),
    keySizes: hashKeys,
  },
  {
    name: 'LRU per-CPU hash',
    type: abi.MAP_TYPE_LRU_PERCPU_HASH,
    model: () => new LruModel(MAX_ENTRIES),
    perCpu: true,
    keySizes: hashKeys,
  },
];

/** The key as bytes, its number in the first (and for long keys again in the last) byte. */
function keyBytes(key: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = key;
  if (size > 4) bytes[size - 1] = key ^ 0x5a;
  return bytes;
}

/** A value for each CPU: the number, then the CPU. */
function valueBytes(value: number, perCpu: boolean): Uint8Array {
  const count = perCpu ? CPUS : 1;
  return new Uint8Array(Uint32Array.from({ length: 2 * count }, (_, i) => (i & 1 ? i >> 1 : value)).buffer);
}

const first = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

class Checked {
  readonly #runtime: Runtime;
  readonly #subject: Subject;
  readonly #keySize: number;
  readonly #map: number;
  readonly #model: Model;

  constructor(runtime: Runtime, subject: Subject, keySize: number) {
    const maxEntries = MAX_ENTRIES;
    this.#runtime = runtime;
    this.#subject = subject;
    this.#keySize = keySize;
    this.#model = subject.model();
    this.#map = runtime.create({ type: subject.type, keySize, valueSize: 8, maxEntries });
    expect(this.#map).toBeGreaterThan(0);
    runtime.start({ maps: [this.#map] });
  }

  apply(operation: Operation): void {
    const key = keyBytes(operation.key, this.#keySize);
    if (operation.op === 'update') {
      const { value, flags: updateFlags } = operation;
      const bytes = valueBytes(value, this.#subject.perCpu === true);
      const got = this.#runtime.update(this.#map, key, bytes, updateFlags);
      expect(got).toBe(this.#model.update(operation.key, value, updateFlags));
    } else if (operation.op === 'delete') {
      expect(this.#runtime.delete(this.#map, key)).toBe(this.#model.delete(operation.key));
    } else {
      this.#compareLookup(operation.op, operation.key, key);
    }
  }

  compareAll(): void {
    const expected = this.#model.entries();
    const found = new Map<number, number>();
    for (const batch of [1, 3, 100]) {
      found.clear();
      for (const [key, value] of this.#runtime.dump(this.#map, batch)) found.set(key[0] ?? -1, first(value));
      expect(found).toEqual(new Map(expected));
    }
    expect(this.#keysByWalk().sort()).toEqual([...expected.keys()].sort());
    expect(this.#runtime.count(this.#map)).toBe(expected.size);
  }

  dispose(): void {
    this.#runtime.exports.mapDestroy(this.#map);
  }

  #compareLookup(op: 'lookup' | 'use', number: number, key: Uint8Array): void {
    const value = op === 'use' ? this.#use(key) : this.#runtime.lookup(this.#map, key);
    expect(value && first(value)).toBe(this.#model[op](number));
  }

  #use(key: Uint8Array): Uint8Array | undefined {
    const at = this.#runtime.frame - 512;
    this.#runtime.write(at, key);
    const value = Number(this.#runtime.call('bpf_map_lookup_elem', this.#map, at));
    return value === 0 ? undefined : this.#runtime.read(value, 8);
  }

  #keysByWalk(): number[] {
    const walked: number[] = [];
    let key = this.#runtime.nextKey(this.#map);
    while (typeof key !== 'number') {
      walked.push(key[0] ?? -1);
      key = this.#runtime.nextKey(this.#map, key);
    }
    expect(key).toBe(-abi.ENOENT);
    return walked;
  }
}

describe.each(memoryKinds)('maps in %s memory', (kind) => {
  describe.each(subjects)('$name', (subject) => {
    test.each(subject.keySizes)('with keys of %i bytes does what the model does', (keySize) => {
      const runtime = new Runtime(kind, CPUS);
      fc.assert(
        fc.property(operations, (list) => {
          const checked = new Checked(runtime, subject, keySize);
          for (const operation of list) checked.apply(operation);
          checked.compareAll();
          checked.dispose();
        }),
        { numRuns: 60 },
      );
    });
  });

  test('longest-prefix-match trie does what the model does', () => {
    trieProperty(kind);
  });

  test.each([
    ['queue', abi.MAP_TYPE_QUEUE],
    ['stack', abi.MAP_TYPE_STACK],
  ])('%s does what the model does', (_name, type) => {
    queueProperty(kind, type);
  });
});

const prefixes: fc.Arbitrary<Prefix> = fc.record({
  length: fc.oneof(fc.nat({ max: 16 }), fc.constantFrom(0, 1, 15, 16, 17)),
  // Few distinct bits, so that prefixes nest and part often.
  bits: fc.integer({ min: 0, max: 15 }).map((bits) => ((bits & 12) << 12) | ((bits & 2) << 6) | (bits & 1)),
});

const trieKey = ({ length, bits }: Prefix): Uint8Array =>
  Uint8Array.of(length, 0, 0, 0, (bits >> 8) & 255, bits & 255);
const prefixOf = (key: Uint8Array): Prefix => ({
  length: key[0] ?? 0,
  bits: ((key[4] ?? 0) << 8) | (key[5] ?? 0),
});

function trieProperty(kind: MemoryKind): void {
  const runtime = new Runtime(kind);
  const step = fc.record({
    op: fc.constantFrom('update', 'update', 'delete', 'lookup'),
    key: prefixes,
    flags,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 5 }), (steps, batch) => {
      const map = runtime.create({
        type: abi.MAP_TYPE_LPM_TRIE,
        keySize: 6,
        maxEntries: MAX_ENTRIES,
        flags: abi.BPF_F_NO_PREALLOC,
      });
      const model = new TrieModel(MAX_ENTRIES);
      steps.forEach(({ op, key, flags: updateFlags }, i) => {
        const bytes = trieKey(key);
        if (op === 'update') {
          expect(runtime.update(map, bytes, i, updateFlags)).toBe(model.update(key, i, updateFlags));
        } else if (op === 'delete') {
          expect(runtime.delete(map, bytes)).toBe(model.delete(key));
        } else {
          const value = runtime.lookup(map, bytes);
          expect(value && first(value)).toBe(model.lookup(key));
        }
      });
      const dumped = runtime.dump(map, batch);
      expect(dumped.map(([key, value]) => [TrieModel.id(prefixOf(key)), first(value)])).toEqual(
        model.entries(),
      );
      expect(walk(runtime, map)).toEqual(model.entries().map(([id]) => id));
      expect(runtime.count(map)).toBe(model.size);
      runtime.exports.mapDestroy(map);
    }),
    { numRuns: 500 },
  );
}

function walk(runtime: Runtime, map: number): string[] {
  const walked: string[] = [];
  for (let key = runtime.nextKey(map); typeof key !== 'number'; key = runtime.nextKey(map, key)) {
    walked.push(TrieModel.id(prefixOf(key)));
  }
  return walked;
}

function queueProperty(kind: MemoryKind, type: number): void {
  const runtime = new Runtime(kind);
  const step = fc.record({
    op: fc.constantFrom('push', 'push', 'pop', 'peek'),
    value: fc.nat({ max: 999 }),
    flags,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = runtime.create({ type, keySize: 0, valueSize: 4, maxEntries: 5 });
      const model = new QueueModel(5, type === abi.MAP_TYPE_STACK);
      for (const { op, value, flags: pushFlags } of steps) {
        if (op === 'push') {
          expect(runtime.push(map, value, pushFlags)).toBe(model.push(value, pushFlags));
        } else {
          const got = runtime.take(map, op === 'pop' ? 'mapPop' : 'mapPeek');
          expect(typeof got === 'number' ? got : first(got)).toBe(op === 'pop' ? model.pop() : model.peek());
        }
      }
      runtime.exports.mapDestroy(map);
    }),
    { numRuns: 200 },
  );
}

test('queues and stacks keep their values out of the reach of programs', () => {
  const runtime = new Runtime('plain');
  const map = runtime.create({ type: abi.MAP_TYPE_QUEUE, keySize: 0, maxEntries: 4 });
  expect(runtime.u32(map + MAP_VALUES)).toBe(0);
});

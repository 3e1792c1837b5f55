import { describe, expect, it } from 'vitest';
import { abi, type BpfObject, type MapSpec } from '../../src/index.ts';
import { ethernet, mapSpec, openText } from '../api/build.ts';
import { inThreads } from '../share/threads.ts';
import { FAULTS, faults, keyedProgram } from './programs.ts';

const THREADS = 3;
const RUNS = Number(process.env['WEBPF_STRESS_RUNS'] ?? 10_000);
const KEYS = 48;
const VALUE = 64;
const NO_PREALLOC = 1;
const packet = ethernet(0x0800);

const subject = (type: number, sizes: Partial<MapSpec> = {}): MapSpec =>
  mapSpec('subject', type, { keySize: 4, valueSize: VALUE, maxEntries: KEYS, ...sizes });

const faultsOf = (object: BpfObject): Record<string, number> => {
  const { raw } = object.map('faults');
  const count = (index: number): number => raw.lookup(Uint8Array.of(index, 0, 0, 0))?.[0] ?? Number.NaN;
  return Object.fromEntries(FAULTS.map((name, index) => [name, count(index)]));
};

/** Nothing was lost: emptied, the map takes as many elements as it may have. */
function expectAllSlots(object: BpfObject, { keySize, valueSize, maxEntries, type }: MapSpec): void {
  const { raw } = object.map('subject');
  for (const [key] of [...raw.entries()]) raw.delete(key);
  expect(raw.size).toBe(0);
  const isPerCpu = type === abi.MAP_TYPE_PERCPU_HASH || type === abi.MAP_TYPE_LRU_PERCPU_HASH;
  const value = new Uint8Array(valueSize * (isPerCpu ? THREADS + 1 : 1));
  for (let index = 0; index < maxEntries; index++) {
    const key = new Uint8Array(keySize);
    key.set([32, 0, 0, 0]);
    key.set([index, 1], keySize - 4);
    raw.update(key, value);
  }
  expect(raw.size).toBe(maxEntries);
}

const NONE = Object.fromEntries(FAULTS.map((name) => [name, 0]));

const TYPES = [
  { name: 'hash', spec: subject(abi.MAP_TYPE_HASH), replaces: true },
  {
    name: 'hash with fewer entries than keys',
    spec: subject(abi.MAP_TYPE_HASH, { maxEntries: 7 }),
    replaces: true,
  },
  { name: 'LRU hash', spec: subject(abi.MAP_TYPE_LRU_HASH, { maxEntries: 11 }), replaces: true },
  {
    name: 'LPM trie',
    spec: subject(abi.MAP_TYPE_LPM_TRIE, { keySize: 8, flags: NO_PREALLOC }),
    replaces: true,
  },
  { name: 'per-CPU hash', spec: subject(abi.MAP_TYPE_PERCPU_HASH), replaces: false },
  {
    name: 'per-CPU LRU hash',
    spec: subject(abi.MAP_TYPE_LRU_PERCPU_HASH, { maxEntries: 11 }),
    replaces: false,
  },
];

describe.each(['jit', 'interp'] as const)('in %s', (engine) => {
  it.each(TYPES)('$name: who looked an element up sees no other key there', async ({ spec, replaces }) => {
    using object = await openText(keyedProgram({ spec, keys: KEYS, replaces }), {
      engine,
      memory: 'shared',
      cpus: THREADS + 1,
      type: 'xdp',
      maps: [spec, faults],
    });
    const program = await object.program();
    const pending = inThreads(object, THREADS, { program: 'main', packet, runs: RUNS });
    program.repeat(packet, RUNS);
    await pending;
    expect(faultsOf(object)).toEqual(NONE);
    const keys = [...object.map('subject').raw.entries()].map(([key]) => Buffer.from(key).toString('hex'));
    expect(keys.length).toBeLessThanOrEqual(spec.maxEntries);
    expect(new Set(keys).size).toBe(keys.length);
    expectAllSlots(object, spec);
  });
});

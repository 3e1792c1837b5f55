import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { Runtime } from './harness.ts';

const WORKERS = 2;
const ROUNDS = 40_000;
const RECORDS = 5_000;
const KEYS = 300;

/** Opens the memory of another instance as the CPU of its number, then does `body` and posts what it returns. */
function start(runtime: Runtime, cpu: number, input: object, body: string): Promise<unknown> {
  const code = `
    const { readFileSync } = require('node:fs');
    const { parentPort, workerData } = require('node:worker_threads');
    const { memory, wasm, cpu, input } = workerData;
    const zero = () => 0;
    const env = { memory, monotonic: zero, boottime: zero, realtime: zero, hostHelper: () => 0n };
    const x = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)), { env }).exports;
    x.attach(cpu);
    const view = new DataView(memory.buffer);
    let seed = cpu + 1;
    const random = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % n; };
    parentPort.postMessage((() => { ${body} })());`;
  const wasm = fileURLToPath(new URL('../../build/runtime.shared.wasm', import.meta.url));
  const worker = new Worker(code, { eval: true, workerData: { memory: runtime.memory, wasm, cpu, input } });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const all = (runtime: Runtime, input: object, body: string): Promise<unknown[]> =>
  Promise.all(Array.from({ length: WORKERS }, (_, cpu) => start(runtime, cpu, input, body)));

/** Each worker changes the keys that are its own, and looks at everyone's. Values are key * 2^20 + a counter. */
const CHURN = `
  const { map, scratch, workers, keys, rounds } = input;
  const at = scratch + cpu * 64, mine = new Map();
  for (let i = 0; i < rounds; i++) {
    const key = random(keys) * workers + cpu;
    view.setUint32(at, key, true);
    if (random(3)) {
      const value = key * 1048576 + (i % 1048576);
      view.setBigUint64(at + 8, BigInt(value), true);
      if (x.mapUpdate(map, at, at + 8, 0) !== 0) return 'update failed';
      mine.set(key, value);
    } else if ((x.mapDelete(map, at) === 0) !== mine.delete(key)) {
      return 'delete failed';
    }
    const other = random(keys * workers);
    view.setUint32(at, other, true);
    const found = x.mapLookup(map, at);
    if (found && other % workers === cpu && !mine.has(other)) return 'found a deleted key';
    if (!found && mine.has(other)) return 'did not find its own key';
    if (found && Number(view.getBigUint64(found, true)) !== mine.get(other) && mine.has(other)) return 'wrong value';
  }
  return [...mine];`;

const PRODUCE = `
  const { map, scratch, rounds } = input;
  const at = scratch + cpu * 64;
  for (let i = 0; i < rounds; ) {
    view.setUint32(at, cpu, true);
    view.setUint32(at + 4, i, true);
    if (x.bpf_ringbuf_output(BigInt(map), BigInt(at), BigInt(8 + (i % 5) * 8), 0n, 0n) === 0n) i++;
  }
  return 'done';`;

describe('several instances over one shared memory', () => {
  test.each([
    ['hash', abi.MAP_TYPE_HASH, 4],
    ['LRU hash', abi.MAP_TYPE_LRU_HASH, 4],
    ['hash with keys of 12 bytes', abi.MAP_TYPE_HASH, 12],
  ])('%s: no element is lost, doubled or mixed up', async (_name, type, keySize) => {
    const runtime = new Runtime('shared', WORKERS);
    const scratch = runtime.exports.alloc(4096);
    const map = runtime.create({ type, keySize, valueSize: 8, maxEntries: KEYS * WORKERS });
    const input = { map, scratch, workers: WORKERS, keys: KEYS, rounds: ROUNDS };
    // Keys are compared by their first 4 bytes; values of 12-byte keys would lie over the key's tail.
    const body = keySize === 12 ? CHURN.replaceAll('at + 8', 'at + 16') : CHURN;
    const results = await all(runtime, input, body);
    const expected = new Map(results.flatMap((result) => result as [number, number][]));
    expect(results.filter((result) => typeof result === 'string')).toEqual([]);
    const found = runtime.dump(map, 50).map(([key, value]) => {
      const number = new DataView(key.buffer).getUint32(0, true);
      return [number, Number(new DataView(value.buffer).getBigUint64(0, true))] as const;
    });
    expect(new Map(found)).toEqual(expected);
    expect(found).toHaveLength(expected.size);
    expect(runtime.count(map)).toBe(expected.size);
  });

  test('ring buffer: every record arrives once, those of one producer in order', async () => {
    const runtime = new Runtime('shared', WORKERS);
    const scratch = runtime.exports.alloc(4096);
    const map = runtime.create({ type: abi.MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 });
    const producers = all(runtime, { map, scratch, rounds: RECORDS }, PRODUCE);
    const next = new Array<number>(WORKERS).fill(0);
    const deadline = Date.now() + 30_000;
    while (next.some((count) => count < RECORDS) && Date.now() < deadline) {
      for (const record of runtime.drain(map)) {
        const [cpu = 0, number = -1] = new Uint32Array(record.buffer.slice(0, 8));
        if (number !== next[cpu] || record.length !== 8 + (number % 5) * 8) throw new Error('out of order');
        next[cpu] = number + 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(next).toEqual(new Array<number>(WORKERS).fill(RECORDS));
    expect(await producers).toEqual(new Array<string>(WORKERS).fill('done'));
  });
});

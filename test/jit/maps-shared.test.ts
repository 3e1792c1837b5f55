/** Lookups emitted into a program, while another thread changes the map that they walk. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { HASH_TABLE } from '../../src/abi/hash.ts';
import * as layout from '../../src/abi/layout.ts';
import * as abi from '../../src/abi/maps.ts';
import type { BpfObject, BpfProgram } from '../../src/index.ts';
import { mapSpec, openText } from '../api/build.ts';

const KEYS = 500;

/** Sums up how many of the even keys are found with their own value, and of how many keys that never were something is. */
const LOOK = `
  r6 = 0
  r7 = 0
next:
  *(u32 *)(r10 - 8) = r7
  *(u32 *)(r10 - 4) = 7
  r1 = map[values] ll
  r2 = r10
  r2 += -8
  call bpf_map_lookup_elem
  if r0 == 0 goto absent
  r1 = *(u64 *)(r0 + 0)
  if r1 != r7 goto absent
  r6 += 1
absent:
  *(u32 *)(r10 - 4) = 8
  r1 = map[values] ll
  r2 = r10
  r2 += -8
  call bpf_map_lookup_elem
  if r0 == 0 goto more
  r6 += 1000000
more:
  r7 += 2
  if r7 < ${KEYS} goto next
  r0 = r6
  exit`;

/** Adds and deletes odd keys until it is told to stop. */
const CHURN = `
  const { readFileSync } = require('node:fs');
  const { workerData, parentPort } = require('node:worker_threads');
  const { memory, wasm, map, scratch, state } = workerData;
  const zero = () => 0;
  const env = { memory, monotonic: zero, boottime: zero, realtime: zero, hostHelper: () => 0n };
  const x = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)), { env }).exports;
  x.attach(1);
  const view = new DataView(memory.buffer);
  let changes = 0;
  for (let seed = 1; Atomics.load(state, 0) === 0; changes++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    view.setUint32(scratch, ((seed >>> 8) % ${KEYS / 2}) * 2 + 1, true);
    view.setUint32(scratch + 4, 7, true);
    if (seed & 0x10000) x.mapUpdate(map, scratch, scratch, 0);
    else x.mapDelete(map, scratch);
    if (changes === 0) Atomics.store(state, 1, 1);
    Atomics.notify(state, 1);
  }
  parentPort.postMessage(changes);`;

test.each([
  ['hash', abi.MAP_TYPE_HASH],
  ['LRU hash', abi.MAP_TYPE_LRU_HASH],
])('%s: what nobody touches is found, and nothing else', async (_name, type) => {
  const maps = [mapSpec('values', type, { keySize: 8, maxEntries: KEYS })];
  const object = await openText(LOOK, { maps, type: 'xdp', engine: 'jit', memory: 'shared', cpus: 2 });
  const { engine } = object;
  const map = object.map('values').raw;
  for (let number = 0; number < KEYS; number += 2) {
    const bytes = Uint8Array.of(number, number >> 8, 0, 0, 7, 0, 0, 0);
    map.update(bytes, Uint8Array.of(number, number >> 8, 0, 0, 0, 0, 0, 0));
  }
  const program = await object.program();
  const state = new Int32Array(new SharedArrayBuffer(8));
  const workerData = {
    memory: engine.memory.memory,
    wasm: fileURLToPath(new URL('../../build/runtime.shared.wasm', import.meta.url)),
    map: map.address,
    scratch: engine.memory.alloc(64),
    state,
  };
  const worker = new Worker(CHURN, { eval: true, workerData });
  const churned = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  Atomics.wait(state, 1, 0, 20_000);
  for (let run = 0; run < 500; run++) expect(program.run(new Uint8Array(64)).r0).toBe(BigInt(KEYS / 2));
  Atomics.store(state, 0, 1);
  expect(await churned).toBeGreaterThan(0);
});

const WORKERS = 2;
const RUNS = 300;
const TURNS = 200;

/** Counts up a value by an atomic instruction. */
const countUp = (map: string): string => `
  r1 = map[${map}] ll
  r2 = r10
  r2 += -8
  call bpf_map_lookup_elem
  if r0 == 0 goto lost
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1`;

/** Adds elements that are missing, whoever comes first, and counts in maps of every kind. */
const COUNT = `
  r6 = 0
next:
  r7 = r6
  r7 &= 7
  *(u32 *)(r10 - 8) = r7
  *(u32 *)(r10 - 4) = 0
  *(u64 *)(r10 - 16) = 0
  ${['hash', 'lru']
    .map(
      (map) => `
  r1 = map[${map}] ll
  r2 = r10
  r2 += -8
  r3 = r10
  r3 += -16
  r4 = ${abi.BPF_NOEXIST}
  call bpf_map_update_elem
  ${countUp(map)}`,
    )
    .join('')}
  ${countUp('array')}
  ${countUp('percpu')}
  *(u64 *)(r10 - 24) = r7
  *(u32 *)(r10 - 24) = 32
  *(u32 *)(r10 - 20) = r7
  r1 = map[trie] ll
  r2 = r10
  r2 += -24
  call bpf_map_lookup_elem
  if r0 == 0 goto lost
  r1 = 1
  lock *(u64 *)(r0 + 0) += r1
  r6 += 1
  if r6 < ${TURNS} goto next
  r0 = 0
  exit
lost:
  r0 = 1
  exit`;

/** A worker's part: the translated program, over the memory it is given. Posts how many runs did not return 0. */
const RUN = `
  const { readFileSync } = require('node:fs');
  const { workerData, parentPort } = require('node:worker_threads');
  const { memory, wasm, translated, cpu, globals, record } = workerData;
  const zero = () => 0;
  const env = { memory, monotonic: zero, boottime: zero, realtime: zero, hostHelper: () => 0n };
  const rt = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)), { env }).exports;
  globals.run = rt.attach(cpu);
  for (const [name, value] of Object.entries(globals)) {
    env[name] = new WebAssembly.Global({ value: 'i32', mutable: false }, value | 0);
  }
  env.table = rt.table;
  const { batch } = new WebAssembly.Instance(translated, { env, rt }).exports;
  const view = new DataView(memory.buffer);
  const data = view.getUint32(record, true);
  let failed = 0;
  for (let run = 0; run < ${RUNS}; run++) {
    view.setUint32(record, data, true);
    view.setUint32(record + 4, 64, true);
    batch(record, 1);
    if (view.getBigUint64(record + ${layout.REC_RESULT}, true) !== 0n) failed++;
  }
  parentPort.postMessage(failed);`;

/** What translated code of that CPU imports beside functions. */
function globalsOf({ engine }: BpfObject, { descriptor }: BpfProgram, maps: readonly number[], cpu: number) {
  const { memory } = engine;
  const globals: Record<string, number> = {
    prog: descriptor,
    funcs: memory.u32(descriptor + layout.PROG_FUNCS),
  };
  maps.forEach((map, index) => {
    const own = memory.u32(map + layout.MAP_VALUES) + cpu * memory.u32(map + layout.MAP_CPU_STRIDE);
    globals[`map${index}`] = map;
    globals[`own${index}`] = own;
    globals[`table${index}`] = memory.u32(map + HASH_TABLE);
    globals[`slots${index}`] = own - memory.u32(map + layout.MAP_VALUE_STRIDE);
  });
  return globals;
}

function recordOf({ engine }: BpfObject): number {
  const { memory } = engine;
  const record = memory.alloc(layout.REC_SIZE);
  const room = memory.alloc(512);
  memory.setU32(record + layout.REC_DATA, room + 256);
  memory.setU32(record + layout.REC_LEN, 64);
  memory.setU32(record + layout.REC_HARD_START, room);
  memory.setU32(record + layout.REC_HARD_END, room + 512);
  return record;
}

test('several threads run one program: all counts add up', async () => {
  const maps = [
    mapSpec('hash', abi.MAP_TYPE_HASH, { keySize: 8, maxEntries: 8 }),
    mapSpec('lru', abi.MAP_TYPE_LRU_HASH, { keySize: 8, maxEntries: 8 }),
    mapSpec('array', abi.MAP_TYPE_ARRAY, { maxEntries: 8 }),
    mapSpec('percpu', abi.MAP_TYPE_PERCPU_ARRAY, { maxEntries: 8 }),
    mapSpec('trie', abi.MAP_TYPE_LPM_TRIE, { keySize: 8, maxEntries: 8, flags: abi.BPF_F_NO_PREALLOC }),
  ];
  const object = await openText(COUNT, { maps, type: 'xdp', engine: 'jit', memory: 'shared', cpus: WORKERS });
  const trie = object.map('trie').raw;
  trie.update(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), new Uint8Array(8));
  const program = await object.program();
  const { wasm } = await object.artifact();
  const addresses = maps.map(({ name }) => object.map(name).raw.address);
  const finished = Array.from({ length: WORKERS }, (_, cpu) => {
    const workerData = {
      memory: object.engine.memory.memory,
      wasm: fileURLToPath(new URL('../../build/runtime.shared.wasm', import.meta.url)),
      translated: new WebAssembly.Module(wasm.slice()),
      cpu,
      globals: globalsOf(object, program, addresses, cpu),
      record: recordOf(object),
    };
    const worker = new Worker(RUN, { eval: true, workerData });
    return new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  expect(await Promise.all(finished)).toEqual([0, 0]);
  const total = BigInt(WORKERS * RUNS * TURNS);
  for (const { name } of maps) {
    const values = [...object.map(name).raw.entries()].flatMap(([, value]) => [
      ...new BigUint64Array(value.slice().buffer),
    ]);
    expect([name, values.reduce((sum, value) => sum + value, 0n)]).toEqual([name, total]);
    if (name !== 'percpu') continue;
    const own = values.filter((_, index) => index % WORKERS === 0).reduce((sum, value) => sum + value, 0n);
    expect(own).toBe(total / BigInt(WORKERS));
  }
});

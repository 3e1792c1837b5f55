/** Lookups emitted into a program, while another thread changes the map that they walk. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
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

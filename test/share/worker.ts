/** A thread of the tests: opens what it is sent, runs a program so many times, and says what came of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { openShared, type SharedObject } from '../../src/index.ts';

export interface Job {
  readonly shared: SharedObject;
  readonly cpu: number;
  readonly program: string;
  readonly packet: Uint8Array;
  readonly runs: number;
  /** Elements to put into maps by the host's way, by map: keys from `cpu << 16` on. */
  readonly elements?: { readonly map: string; readonly count: number } | undefined;
}

export interface Done {
  readonly results: readonly bigint[];
  readonly mode: string;
}

const { shared, cpu, program: name, packet, runs, elements } = workerData as Job;
using object = await openShared(shared, { cpu });
const program = await object.program(name);
const { results } = program.runBatch(Array.from({ length: runs }, () => packet));
if (elements !== undefined) {
  const map = object.map<number, bigint>(elements.map).raw;
  const key = new Uint32Array(1);
  const value = new Uint8Array(map.valueBytes).fill(cpu);
  for (let i = 0; i < elements.count; i++) {
    key[0] = (cpu << 16) + i;
    map.update(new Uint8Array(key.buffer), value);
  }
}
const done: Done = { results: [...new Set(results)], mode: program.mode };
parentPort?.postMessage(done);

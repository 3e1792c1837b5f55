import { readFileSync } from 'node:fs';
import { type Candidate, fnv1a } from './outcome.ts';

/** What native/wasm-run.c exports. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  packet(): number;
  /** r0 of the last run, signed. */
  repeat(length: number, count: number): bigint;
}

const isExports = (exports: object): exports is Exports =>
  'memory' in exports && 'packet' in exports && 'repeat' in exports;

/** A program that clang has translated, run in this process. */
export async function wasmCandidate(path: string, input: Uint8Array): Promise<Candidate> {
  const { instance } = await WebAssembly.instantiate(readFileSync(path));
  const { exports } = instance;
  if (!isExports(exports)) throw new Error(`${path} does not export what wasm-run.c does`);
  const packet = new Uint8Array(exports.memory.buffer, exports.packet(), input.length);
  packet.set(input);
  const r0 = BigInt.asUintN(64, exports.repeat(input.length, 1));
  return {
    inProcess: true,
    first: { r0, packet: fnv1a(packet) },
    sample(runs) {
      const start = performance.now();
      exports.repeat(input.length, runs);
      return ((performance.now() - start) * 1e6) / runs;
    },
    [Symbol.dispose]() {},
  };
}

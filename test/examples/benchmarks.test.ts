import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inputs } from '../../bench/programs/inputs.mjs';
import { open } from '../../src/index.ts';
import { ENGINES } from './both.ts';

interface Expected {
  readonly name: string;
  readonly program: string;
  readonly r0: string;
  /** FNV-1a of the packet after the run. */
  readonly memory: string;
}

const expected = JSON.parse(readFileSync('bench/programs/expected.json', 'utf8')) as Expected[];

function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

describe('benchmark programs give what native compilers give', () => {
  for (const { name, program, r0, memory } of expected) {
    it(name, async () => {
      const input = inputs[name];
      if (!input) throw new Error(`bench/programs/inputs.mjs has no input ${name}`);
      for (const engine of ENGINES) {
        using object = await open(`bench/programs/${program}.bpf.o`, { engine });
        const opened = await object.program(program);
        expect(opened.mode).toBe('verified');
        const result = opened.run(input.data);
        expect([engine, String(result.r0), fnv1a(result.data)]).toEqual([engine, r0, memory]);
      }
    });
  }
});

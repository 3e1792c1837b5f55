import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openObject } from '../../src/frontend/object.ts';
import type { Program, ProgramType } from '../../src/frontend/program.ts';
import { programFromBytes } from '../../src/index.ts';
import type { Verification, VerifyOptions } from '../../src/verifier/verification.ts';
import { Verifier } from '../../src/verifier/verify.ts';

// Whatever the program: a verdict, within the limits.

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['test/objects', 'examples', 'bench/programs'].map((folder) => join(ROOT, folder));
const MAX_INSNS = 20_000;
const MAX_MEMORY = 1 << 20;

const objects = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .map((name) => openObject(readFileSync(join(folder, name)), name)),
);
const programs = objects.flatMap((object) => [...object.programs]);
const verifier = await Verifier.open();

const TYPES: readonly ProgramType[] = [
  'xdp',
  'sched_cls',
  'socket_filter',
  'kprobe',
  'tracepoint',
  'raw_tracepoint',
  'sk_msg',
  'cgroup_skb',
  'sock_ops',
  'syscall',
  'flow_dissector',
  'unspec',
];

const options: fc.Arbitrary<VerifyOptions> = fc.record({
  unprivileged: fc.boolean(),
  perfmon: fc.boolean(),
  strictAlignment: fc.boolean(),
  stateFreq: fc.boolean(),
  likeLinux: fc.boolean(),
  logLevel: fc.constantFrom(0, 0, 0, 1, 2),
  maxInsns: fc.constant(MAX_INSNS),
  maxMemory: fc.constantFrom(MAX_MEMORY, 1 << 14),
});

/** Of an instruction: its bytes changed, another one in its place, or none. */
const edit = fc.record({
  at: fc.nat(),
  what: fc.constantFrom('byte', 'copy', 'clear'),
  byte: fc.nat(7),
  value: fc.nat(255),
  from: fc.nat(),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function edited(code: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const copy = Uint8Array.from(code);
  const slot = (n: number): number => (n % (copy.length / 8)) * 8;
  for (const { at, what, byte, value, from } of edits) {
    if (what === 'byte') copy[slot(at) + byte] = value;
    else if (what === 'copy') copy.copyWithin(slot(at), slot(from), slot(from) + 8);
    else copy.fill(0, slot(at), slot(at) + 8);
  }
  return copy;
}

function expectVerdict({ verdict, rejection, proof, insnsProcessed, memory }: Verification): void {
  expect(['accept', 'reject', 'unsupported']).toContain(verdict);
  expect(proof === undefined).toBe(verdict !== 'accept');
  expect(rejection === undefined).toBe(verdict === 'accept');
  expect(insnsProcessed).toBeLessThanOrEqual(MAX_INSNS + 1);
  expect(memory).toBeLessThanOrEqual(MAX_MEMORY);
}

describe('every program gets a verdict', () => {
  test('programs with damaged instructions', () => {
    const edits = fc.array(edit, { minLength: 1, maxLength: 5 });
    const type = fc.option(fc.constantFrom(...TYPES), { nil: undefined });
    const property = fc.property(
      fc.constantFrom(...programs),
      edits,
      type,
      options,
      (one, changes, as, how) => {
        const program: Program = { ...one, code: edited(one.code, changes), type: as ?? one.type };
        expectVerdict(verifier.verify(program, how));
      },
    );
    fc.assert(property, { numRuns: 3000 });
  }, 120_000);

  test('bytes of any kind', () => {
    const bytes = fc.uint8Array({ minLength: 8, maxLength: 400 });
    const property = fc.property(bytes, fc.constantFrom(...TYPES), options, (all, type, how) => {
      const code = all.subarray(0, all.length & ~7);
      expectVerdict(verifier.verify(programFromBytes(code, { name: 'any', type }), how));
    });
    fc.assert(property, { numRuns: 2000 });
  }, 60_000);
});

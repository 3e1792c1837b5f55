import { expect, test } from 'vitest';
import { decodeProgram } from '../../src/isa/decode.ts';
import { ROWS, rowOf } from '../../src/isa/rows.ts';
import { caseOf } from './case.ts';
import { type Outcome, runOn } from './engines.ts';
import { hunt } from './hunt.ts';
import { differences, nodiff } from './nodiff.ts';
import { loadRegressions } from './regressions.ts';

const regressions = loadRegressions();

test.each([...regressions])('%s runs the same in both engines', async (_, { job, inputs }) => {
  expect((await nodiff(job, inputs)).differences).toEqual([]);
});

test('random programs run the same in both engines', async () => {
  const { divergences, programs, refused } = await hunt({ seed: 1, insns: 1_000_000n, milliseconds: 20_000 });
  expect(divergences).toEqual([]);
  expect(refused).toBeLessThan(programs / 20);
}, 120_000);

test('whatever differs between two outcomes is reported', async () => {
  const { job, inputs } = caseOf(3);
  const outcome = await runOn('interp', job, inputs[0] ?? new Uint8Array(0));
  const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
  const trap = { kind: 'memory', program: 'main', pc: 1, value: 2n };
  const others: Partial<Outcome>[] = [
    { r0: (outcome.r0 ?? 0n) ^ 1n },
    { trap },
    { fuel: outcome.fuel + 1n },
    { data: flipped(outcome.data) },
    { stack: flipped(outcome.stack) },
    { maps: outcome.maps.map(({ values, count }) => ({ values, count: count + 1 })) },
    { maps: outcome.maps.map(({ values, count }) => ({ values: flipped(values), count })) },
  ];
  expect(differences(outcome, outcome, 'sandbox')).toEqual([]);
  for (const other of others)
    expect(differences(outcome, { ...outcome, ...other }, 'sandbox').length).toBeGreaterThan(0);
});

test('a seed always gives the same case', () => {
  expect(caseOf(7)).toEqual(caseOf(7));
});

/** Not in random programs: what is refused, and what would read host state. */
const NEVER = new Set(['gotox', 'addrSpaceCast']);

test('random programs use every instruction that runs', () => {
  const seen = new Set<unknown>();
  for (let seed = 0; seed < 400; seed++)
    for (const insn of decodeProgram(caseOf(seed).job.code).insns) if (insn) seen.add(rowOf(insn));
  const missing = ROWS.filter((row) => !seen.has(row) && !NEVER.has(row.kind));
  expect(missing.map(({ name, form }) => `${name} ${form}`)).toEqual([
    'lddw pseudo 1 imm',
    'lddw pseudo 2 imm',
    'lddw pseudo 3 imm',
    'call runtime imm',
  ]);
});

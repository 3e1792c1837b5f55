import { describe, expect, test } from 'vitest';
import { decodeProgram } from '../../src/isa/decode.ts';
import { ROWS, type Row, rowOf } from '../../src/isa/rows.ts';
import { readVectors } from '../conformance/files.ts';
import { jobOf, judge } from '../conformance/runner.ts';

const vectors = readVectors(import.meta.dirname);

const ENGINES = [
  ['interp', 'plain'],
  ['jit', 'plain'],
  ['interp', 'shared'],
  ['jit', 'shared'],
] as const;

describe.each(ENGINES)('vectors on %s over %s memory', (kind, memory) => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
    expect((await judge(kind, vector, memory === 'shared')).problem).toBe('');
  });
});

/** Instructions that are refused before they run, so that no vector can execute them. */
const REFUSED_KINDS = new Set(['gotox', 'addrSpaceCast']);
const isRefused = ({ kind, insn: { target, pseudo } }: Row): boolean =>
  REFUSED_KINDS.has(kind) || target === 'kfunc' || [1, 2, 3].includes(Number(pseudo));

test('every row of the instruction set is executed by a vector', () => {
  const executed = new Set(
    vectors
      .filter(({ refused }) => refused === undefined)
      .flatMap((vector) => decodeProgram(jobOf(vector).code).insns)
      .map((insn) => insn && rowOf(insn)),
  );
  const missing = ROWS.filter((row) => !executed.has(row) && !isRefused(row));
  expect(missing.map(({ name, form }) => `${name} ${form}`)).toEqual([]);
});

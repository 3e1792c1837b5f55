import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../bench/engines/all.ts';
import { meanTable, programTable, type Race } from '../../bench/parts/programs.ts';
import { type BenchProgram, benchPrograms } from '../../bench/programs.ts';
import type { Section } from '../../bench/section.ts';

function raceOf(name: string, medians: Partial<Record<EngineName, number>>): Race {
  const bench: BenchProgram | undefined = benchPrograms.find((each) => each.name === name);
  if (!bench) throw new Error(`no program ${name}`);
  const timings = Object.entries(medians).map(
    ([engine, median]) =>
      [engine as EngineName, { median, fastest: median, spreadPercent: 1, samples: 9 }] as const,
  );
  return { bench, insns: 100, timings: new Map(timings) };
}

const empty = raceOf('empty', { interp: 30, JIT: 5, native: 1, 'kernel JIT': 25 });
const races = [
  empty,
  raceOf('fnv1a', { interp: 1000, JIT: 105, native: 101, 'kernel JIT': 225 }),
  raceOf('sort', { interp: 1000, JIT: 55, native: 26, 'kernel JIT': 50 }),
  raceOf('map_hash', { interp: 900, JIT: 205, 'kernel JIT': 425 }),
];

function column({ columns, rows }: Section, name: string): readonly unknown[] {
  return rows.map((row) => row[columns.indexOf(name)]);
}

describe('the table of programs', () => {
  const table = programTable(races, empty, new Map([['clang wasm', 'there is no clang']]));

  it('has gross and net ratios', () => {
    expect(column(table, 'JIT/native')).toEqual([5, 105 / 101, 55 / 26, Number.NaN]);
    expect(column(table, 'net JIT/kernel JIT')).toEqual([Number.NaN, 0.5, 2, 0.5]);
  });

  it('says which engine is missing', () => {
    expect(table.notes).toContain('no clang wasm: there is no clang');
  });
});

it('the means leave the empty program out, and have a row for each kind and for all but maps', () => {
  const means = meanTable(races, empty);
  expect(column(means, 'programs')).toEqual(['compute', 'maps', 'all but maps']);
  expect(column(means, 'count')).toEqual([2, 1, 2]);
  const [compute, maps, allButMaps] = column(means, 'net JIT/kernel JIT');
  expect(compute).toBeCloseTo(1);
  expect(maps).toBeCloseTo(0.5);
  expect(allButMaps).toBeCloseTo(1);
  expect(column(means, 'net JIT/native')[0]).toBeCloseTo(Math.sqrt((100 / 100) * (50 / 25)));
});

it('there are at least 24 programs, of every kind, 9 of them on maps', () => {
  expect(benchPrograms.length).toBeGreaterThanOrEqual(24);
  expect(new Set(benchPrograms.map(({ kind }) => kind))).toEqual(
    new Set(['compute', 'packet', 'calls', 'maps']),
  );
  expect(benchPrograms.filter(({ kind }) => kind === 'maps').length).toBeGreaterThanOrEqual(9);
});

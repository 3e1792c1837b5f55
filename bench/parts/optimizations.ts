/** What each optimisation of the JIT is worth: the benchmark programs without it, beside those with all of them. */
import { OPTIMIZATIONS, type Optimization, open } from '../../src/index.ts';
import type { Candidate } from '../engines/outcome.ts';
import { webpfCandidate } from '../engines/webpf.ts';
import { measure } from '../measure.ts';
import type { Setting } from '../part.ts';
import { type BenchProgram, benchPrograms, objectPath } from '../programs.ts';
import type { Section } from '../section.ts';
import { geomean } from '../stats.ts';

const ALL = 'all';
type Variant = typeof ALL | Optimization;

const optimizeOf = (variant: Variant) => (variant === ALL ? true : { without: [variant] });

async function moduleOf(source: string, variant: Variant): Promise<string> {
  using object = await open(source, { optimize: optimizeOf(variant) });
  return Buffer.from((await object.artifact()).wasm).toString('latin1');
}

/** The optimisations that make a difference to a program's module. */
async function concerned(source: string): Promise<Optimization[]> {
  const whole = await moduleOf(source, ALL);
  const found: Optimization[] = [];
  for (const name of OPTIMIZATIONS) if ((await moduleOf(source, name)) !== whole) found.push(name);
  return found;
}

/** How many times as long a program takes without each optimisation that concerns it. */
async function factors(setting: Setting, bench: BenchProgram): Promise<Map<Optimization, number>> {
  const source = objectPath(bench.program);
  const names = await concerned(source);
  const candidates = new Map<Variant, Candidate>();
  for (const variant of [ALL, ...names] as const) {
    const candidate = await webpfCandidate(source, undefined, bench.input, { optimize: optimizeOf(variant) });
    if (candidate.first.r0 !== BigInt(bench.r0)) throw new Error(`${bench.name} is wrong without ${variant}`);
    candidates.set(variant, candidate);
  }
  const timings = await measure(candidates, setting);
  for (const candidate of candidates.values()) candidate[Symbol.dispose]();
  const all = timings.get(ALL)?.fastest ?? Number.NaN;
  return new Map(names.map((name) => [name, (timings.get(name)?.fastest ?? Number.NaN) / all]));
}

type Factor = readonly [program: string, factor: number];

function rowOf(name: Optimization, found: readonly Factor[]): Section['rows'][number] {
  const sorted = [...found].sort(([, a], [, b]) => b - a);
  const label = (factor: Factor | undefined): string =>
    factor === undefined ? '' : `${factor[0]} ${factor[1].toFixed(2)}`;
  const mean = sorted.length === 0 ? undefined : geomean(sorted.map(([, factor]) => factor));
  return [name, sorted.length, mean, label(sorted[0]), label(sorted[1]), label(sorted.at(-1))];
}

export async function optimizations(setting: Setting): Promise<Section> {
  const found = new Map<Optimization, Factor[]>(OPTIMIZATIONS.map((name) => [name, []]));
  for (const [index, bench] of benchPrograms.entries()) {
    setting.progress(index, benchPrograms.length, bench.name);
    for (const [name, factor] of await factors(setting, bench)) found.get(name)?.push([bench.name, factor]);
  }
  return {
    part: 'optimizations',
    title: 'Time without an optimisation / with all of them',
    columns: ['optimisation', 'programs', 'geomean', 'most', 'second', 'least'],
    rows: [...found].map(([name, factors]) => rowOf(name, factors)),
    notes: ['programs: those whose module it changes; the mean is over them. Of the fastest samples.'],
  };
}

/** The benchmark programs in every engine, side by side. */
import { type EngineName, fieldOf } from '../engines/all.ts';
import { measure } from '../measure.ts';
import type { Setting } from '../part.ts';
import type { BenchKind } from '../programs/inputs.mjs';
import { type BenchProgram, benchPrograms, countInstructions, EMPTY } from '../programs.ts';
import type { Section } from '../section.ts';
import { geomean, type Timing } from '../stats.ts';

/** One program's timings, ns a run. */
export interface Race {
  readonly bench: BenchProgram;
  readonly insns: number;
  readonly timings: ReadonlyMap<EngineName, Timing>;
}

/** A net time is at least this: below it, it is noise of the empty program's. */
const LEAST_NET_NS = 0.5;

export async function race(
  setting: Setting,
  bench: BenchProgram,
  missing: Map<string, string>,
): Promise<Race> {
  using field = await fieldOf(setting.workshop, bench);
  for (const [engine, why] of field.missing) missing.set(engine, why);
  const timings = await measure(field.candidates, setting);
  return { bench, insns: await countInstructions(bench), timings };
}

const ns = ({ timings }: Race, engine: EngineName): number => timings.get(engine)?.median ?? Number.NaN;

const net = (of: Race, empty: Race, engine: EngineName): number =>
  Math.max(ns(of, engine) - ns(empty, engine), LEAST_NET_NS);

interface Ratio {
  readonly title: string;
  of(race: Race, empty: Race): number;
}

const gross = (above: EngineName, below: EngineName): Ratio => ({
  title: `${above}/${below}`,
  of: (race) => ns(race, above) / ns(race, below),
});

const netted = (above: EngineName, below: EngineName): Ratio => ({
  title: `net ${above}/${below}`,
  of: (race, empty) => (race === empty ? Number.NaN : net(race, empty, above) / net(race, empty, below)),
});

/** What each row of the table ends with. */
const ofPrograms = [gross('JIT', 'native'), gross('JIT', 'kernel JIT'), netted('JIT', 'kernel JIT')];

const ofKinds = [
  ...ofPrograms,
  netted('JIT', 'native'),
  gross('JIT', 'clang wasm'),
  gross('JIT unoptimised', 'JIT'),
  gross('interp', 'JIT'),
];

const engines: readonly EngineName[] = [
  'interp',
  'JIT unoptimised',
  'JIT',
  'native',
  'kernel JIT',
  'clang wasm',
];

const rowOf = (race: Race, empty: Race): Section['rows'][number] => [
  race.bench.name,
  race.insns,
  ...engines.map((engine) => race.timings.get(engine)),
  ...ofPrograms.map((ratio) => ratio.of(race, empty)),
];

export function programTable(
  races: readonly Race[],
  empty: Race,
  missing: ReadonlyMap<string, string>,
): Section {
  return {
    part: 'programs',
    title: 'Programs, ns a run',
    columns: ['program', 'insns', ...engines, ...ofPrograms.map(({ title }) => title)],
    rows: races.map((race) => rowOf(race, empty)),
    notes: [
      'insns: instructions a run executes. net: less what the engine needs for the empty program.',
      ...[...missing].map(([engine, why]) => `no ${engine}: ${why}`),
    ],
  };
}

/** Geometric means of all ratios over programs; of those that have both sides. */
const means = (name: string, races: readonly Race[], empty: Race): Section['rows'][number] => [
  name,
  races.length,
  ...ofKinds.map((ratio) => geomean(races.map((race) => ratio.of(race, empty)).filter(Number.isFinite))),
];

const kinds: readonly BenchKind[] = ['compute', 'packet', 'calls', 'maps'];

export function meanTable(races: readonly Race[], empty: Race): Section {
  const counted = races.filter((race) => race !== empty);
  const ofKind = (kind: BenchKind) => counted.filter(({ bench }) => bench.kind === kind);
  const withoutMaps = counted.filter(({ bench }) => bench.kind !== 'maps');
  const groups: [string, readonly Race[]][] = [
    ...kinds.map((kind): [string, readonly Race[]] => [kind, ofKind(kind)]),
    ['all but maps', withoutMaps],
  ];
  return {
    part: 'programs',
    title: 'Geometric means',
    columns: ['programs', 'count', ...ofKinds.map(({ title }) => title)],
    rows: groups.filter(([, group]) => group.length > 0).map(([name, group]) => means(name, group, empty)),
    notes: ['Without the empty program.'],
  };
}

/** Times the programs that are wanted, and the empty one, which net times need. */
export async function* programs(
  setting: Setting,
  wanted: (bench: BenchProgram) => boolean,
): AsyncGenerator<Section> {
  const chosen = benchPrograms.filter((bench) => bench.name === EMPTY || wanted(bench));
  const missing = new Map<string, string>();
  const races: Race[] = [];
  for (const bench of chosen) {
    setting.progress(races.length, chosen.length, bench.name);
    races.push(await race(setting, bench, missing));
  }
  const empty = races.find(({ bench }) => bench.name === EMPTY);
  if (empty === undefined) throw new Error(`there is no program ${EMPTY}`);
  yield programTable(races, empty, missing);
  if (races.length > 1) yield meanTable(races, empty);
}

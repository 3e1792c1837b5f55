/** The cost of loading: stage by stage in a warm process, and from the start of a process to its first verdict. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readObject } from '../../src/index.ts';
import { timeEach } from '../measure.ts';
import type { Setting } from '../part.ts';
import { type BenchProgram, benchPrograms, objectPath } from '../programs.ts';
import type { Cell, Section } from '../section.ts';
import { timingOf } from '../stats.ts';
import { stagesOf, warmUp } from './stages.ts';

const NAMES = ['empty', 'parse', 'chacha', 'map_firewall', 'calls', 'minivm'];
const CLI = fileURLToPath(new URL('../../dist/bin/webpf.js', import.meta.url));

async function stageRow({ program, input }: BenchProgram, times: number): Promise<Cell[]> {
  const path = objectPath(program);
  const read = await timeEach(times, () => readObject(path));
  const stages = await stagesOf(await readObject(path), program, input, times);
  const { insns, verify, translate, translateUnoptimised, compile, firstRun } = stages;
  return [program, insns, read, verify, translate, translateUnoptimised, compile, firstRun];
}

async function stageTable(setting: Setting): Promise<Section> {
  const chosen = benchPrograms.filter(({ name }) => NAMES.includes(name));
  const rows: Cell[][] = [];
  for (const { program, input } of chosen.slice(1, 3))
    await warmUp(await readObject(objectPath(program)), program, input);
  for (const bench of chosen) {
    setting.progress(rows.length, chosen.length, bench.name);
    rows.push(await stageRow(bench, setting.rounds * 3));
  }
  return {
    part: 'load',
    title: 'Loading in a warm process, ms',
    columns: ['program', 'insns', 'read', 'verify', 'translate', 'unoptimised', 'V8 compile', 'first run'],
    rows,
    notes: ['insns: length of the program. V8 compiles lazily: its baseline code is made in the first run.'],
  };
}

/** A command line, with the folder that it may cache in. */
interface Start {
  readonly name: string;
  readonly args: readonly string[];
  cache(): string;
}

const run = (engine: string): string[] => [
  CLI,
  'run',
  objectPath('parse'),
  '--data',
  '00'.repeat(64),
  '--engine',
  engine,
];

function startsIn(folder: string): Start[] {
  let fresh = 0;
  const kept = (): string => join(folder, 'kept');
  return [
    { name: 'node alone', args: ['-e', ''], cache: kept },
    { name: 'webpf run --engine interp', args: run('interp'), cache: kept },
    {
      name: 'webpf run --engine jit, first time',
      args: run('jit'),
      cache: () => join(folder, String(fresh++)),
    },
    { name: 'webpf run --engine jit, again', args: run('jit'), cache: kept },
  ];
}

/** Time of a whole process, ms. */
function processTime({ args, cache }: Start): number {
  const env = { ...process.env, WEBPF_CACHE_DIR: cache() };
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${args.join(' ')} failed: ${stderr}`);
  return performance.now() - start;
}

/** All of them in turn; the first turn fills the caches and is not counted. */
function timeStarts(starts: readonly Start[], setting: Setting): Map<Start, number[]> {
  const samples = new Map(starts.map((start): [Start, number[]] => [start, []]));
  for (const start of starts) processTime(start);
  for (let turn = 0; turn < setting.rounds * 2; turn++) {
    setting.progress(turn, setting.rounds * 2, 'processes');
    for (const start of starts) samples.get(start)?.push(processTime(start));
  }
  return samples;
}

function startTable(setting: Setting): Section {
  const table = {
    part: 'load',
    title: 'From the start of a process to its end, with one verdict (parse), ms',
    columns: ['command', 'ms'],
  };
  if (!existsSync(CLI))
    return { ...table, rows: [], notes: ['not measured: npm run build makes dist/ first'] };
  const folder = mkdtempSync(join(tmpdir(), 'webpf-bench-'));
  try {
    const samples = timeStarts(startsIn(folder), setting);
    return { ...table, rows: [...samples].map(([{ name }, ms]) => [name, timingOf(ms)]), notes: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function* load(setting: Setting): AsyncGenerator<Section> {
  yield await stageTable(setting);
  yield startTable(setting);
}

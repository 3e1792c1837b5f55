/** The cost of loading: stage by stage in a warm process, and from the start of a process to its first verdict. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readObject } from '../../src/index.ts';
import { timeEach } from '../measure.ts';
import type { Setting } from '../part.ts';
import { type BenchProgram, benchPrograms, objectPath } from '../programs.ts';
import type { Cell, Section } from '../section.ts';
import type { Timing } from '../stats.ts';
import { stagesOf, warmUp } from './stages.ts';

const NAMES = ['empty', 'parse', 'chacha', 'map_firewall', 'calls', 'minivm'];
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

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
    columns: ['program', 'insns', 'read', 'verify', 'translate', 'without passes', 'V8 compile', 'first run'],
    rows,
    notes: ['insns: length of the program. V8 compiles lazily: its baseline code is made in the first run.'],
  };
}

/** Time of a whole process, ms. */
async function processTime(args: readonly string[], times: number, home: () => string): Promise<Timing> {
  return timeEach(times, () => {
    const env = { ...process.env, XDG_CACHE_HOME: home() };
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${args.join(' ')} failed: ${stderr}`);
  });
}

async function startTable(setting: Setting): Promise<Section> {
  const home = mkdtempSync(join(tmpdir(), 'webpf-bench-cache-'));
  let fresh = 0;
  const empty = (): string => join(home, String(fresh++));
  const kept = (): string => join(home, 'kept');
  const run = (engine: string): string[] => [
    CLI,
    'run',
    objectPath('parse'),
    '--data',
    '00'.repeat(64),
    '--engine',
    engine,
  ];
  const starts: [string, string[], () => string][] = [
    ['node alone', ['-e', ''], kept],
    ['webpf run --engine interp', run('interp'), kept],
    ['webpf run --engine jit, first time', run('jit'), empty],
    ['webpf run --engine jit, again', run('jit'), kept],
  ];
  const rows: Cell[][] = [];
  try {
    for (const [name, args, where] of starts) {
      setting.progress(rows.length, starts.length, name);
      await processTime(args, 1, where);
      rows.push([name, await processTime(args, setting.rounds * 2, where)]);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  return {
    part: 'load',
    title: 'Process start to its end, with one verdict (parse), ms',
    columns: ['command', 'ms'],
    rows,
    notes: [],
  };
}

export async function* load(setting: Setting): AsyncGenerator<Section> {
  yield await stageTable(setting);
  yield await startTable(setting);
}

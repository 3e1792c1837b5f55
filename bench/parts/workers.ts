import { availableParallelism } from 'node:os';
import type { Setting } from '../part.ts';
import type { Cell, Section } from '../section.ts';
import { measureWorkers } from '../workers/workers.ts';

/** Rows that are announced; all of {@link measureWorkers}. */
const ROWS = 8;

/** One, two and four workers over one shared memory. */
export async function workers(setting: Setting): Promise<Section> {
  const rows: Cell[][] = [];
  setting.progress(0, ROWS, 'workers');
  for await (const row of measureWorkers()) {
    const { name, workers: count, isShared, perEvent, speedup, cpuPerEvent, cpuSpeedup } = row;
    const label = `${name}, ${count}${isShared ? '' : ' apart'}`;
    rows.push([label, perEvent, speedup, cpuPerEvent, cpuSpeedup]);
    if (rows.length < ROWS) setting.progress(rows.length, ROWS, name);
  }
  return {
    part: 'workers',
    title: 'Workers over one shared memory, ns an event',
    columns: ['program, workers', 'wall', 'times one', 'CPU', 'times one by CPU'],
    rows,
    notes: [
      `${availableParallelism()} processors here. wall: of all workers together. By CPU: were each worker given a processor.`,
      'apart: an engine for each, with nothing shared: what the machine has to give.',
    ],
  };
}

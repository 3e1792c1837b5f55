import { measureBatch } from '../batch.ts';
import { measureCalls } from '../calls.ts';
import type { Setting } from '../part.ts';
import type { Cell, Section } from '../section.ts';

/** Kinds of context. */
const KINDS = 3;

async function batchTable(setting: Setting): Promise<Section> {
  const rows: Cell[][] = [];
  setting.progress(0, KINDS, 'batches');
  for await (const { name, engine, buffer, arrays } of measureBatch()) {
    rows.push([name, engine, buffer, arrays]);
    setting.progress(rows.length, KINDS, `batches, ${name}`);
  }
  return {
    part: 'batch',
    title: 'An event of a batch beyond its program (64 bytes), ns',
    columns: ['context', 'in the engine', 'runBuffer', 'runBatch'],
    rows,
    notes: ['runBuffer: packets that are in the engine already. runBatch: packets copied in.'],
  };
}

async function callTable(setting: Setting): Promise<Section> {
  const rows: Cell[][] = [];
  setting.progress(0, 2 * KINDS, 'calls');
  for await (const { name, length, run, retval, copyIn, copyOut } of measureCalls()) {
    const beyond = run.median - copyIn.median - copyOut.median;
    rows.push([`${name}, ${length} bytes`, run, retval, copyIn, copyOut, beyond]);
    setting.progress(rows.length, 2 * KINDS, `calls, ${name}`);
  }
  return {
    part: 'batch',
    title: 'A call of the empty program by kind of context, ns',
    columns: ['context', 'run', 'retval', 'copy in', 'copy out', 'run beyond the copies'],
    rows,
    notes: [],
  };
}

/** What events and calls cost beyond the program, by the kind of context. */
export async function* batch(setting: Setting): AsyncGenerator<Section> {
  yield await batchTable(setting);
  yield await callTable(setting);
}

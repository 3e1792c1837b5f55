/**
 * Feeds damaged object files to the loader. A crash is an error other than WebpfError, an open that takes over a
 * second, or memory that grows.
 *
 *   npm run fuzz -- [--count N] [--seed S] [--save DIR] [FILE…]
 *
 * Without files the objects of test/objects are used. Exits with 1 when something crashed.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { exercise } from '../test/frontend/exercise.ts';
import { mutate, seeded } from '../test/frontend/mutate.ts';

const MAX_MILLISECONDS = 1000;
const MAX_BYTES = 256 * 1024 * 1024;
const OBJECTS = join(import.meta.dirname, '../test/objects');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    save: { type: 'string' },
  },
});

const ownObjects = (): string[] =>
  readdirSync(OBJECTS)
    .filter((name) => name.endsWith('.o'))
    .map((name) => join(OBJECTS, name));

interface Outcome {
  readonly opened: boolean;
  readonly failure?: string;
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function tryOne(bytes: Uint8Array, name: string): Outcome {
  const before = memory();
  const start = performance.now();
  try {
    const opened = exercise(bytes, name) !== undefined;
    const took = performance.now() - start;
    const grown = memory() - before;
    if (took > MAX_MILLISECONDS) return { opened, failure: `took ${took.toFixed(0)} ms` };
    return grown > MAX_BYTES ? { opened, failure: `took ${grown} bytes` } : { opened };
  } catch (error) {
    return { opened: false, failure: String((error as Error).stack) };
  }
}

function save(bytes: Uint8Array, seed: number): void {
  if (values.save === undefined) return;
  mkdirSync(values.save, { recursive: true });
  writeFileSync(join(values.save, `crash-${seed}.o`), bytes);
}

function progress(done: number, count: number, failures: number, start: number): void {
  const rate = (done / (performance.now() - start)) * 1000;
  const heap = (memory() / 1048576).toFixed(0);
  process.stderr.write(`${done}/${count}  ${rate.toFixed(0)}/s  ${failures} crashes  ${heap} MiB\n`);
}

function main(): number {
  const files = (positionals.length > 0 ? positionals : ownObjects()).map((path) => ({
    name: basename(path),
    bytes: new Uint8Array(readFileSync(path)),
  }));
  const count = Number(values.count);
  const first = Number(values.seed);
  const start = performance.now();
  let opened = 0;
  let failures = 0;
  for (let i = 0; i < count; i++) {
    const seed = first + i;
    const random = seeded(seed);
    const file = files[random() % files.length];
    if (file === undefined) throw new Error('no object files');
    const bytes = mutate(file.bytes, random);
    const outcome = tryOne(bytes, file.name);
    if (outcome.opened) opened++;
    if (outcome.failure !== undefined) {
      failures++;
      process.stdout.write(`seed ${seed} ${file.name}: ${outcome.failure}\n`);
      save(bytes, seed);
    }
    if ((i + 1) % 5000 === 0) progress(i + 1, count, failures, start);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(
    `${count} mutated objects from ${files.length} files in ${seconds} s: ${opened} opened, ${count - opened} refused, ${failures} crashes\n`,
  );
  return failures === 0 ? 0 : 1;
}

process.exitCode = main();

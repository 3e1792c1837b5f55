import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MapSpec } from '../../src/frontend/program.ts';
import type { Optimize } from '../../src/jit/opt/names.ts';
import type { Job } from './engines.ts';

/** A divergence as it is kept: the job and its inputs, shrunk, in hex. */
export interface Regression {
  /** What was different, and how it was found. */
  readonly note: string;
  readonly job: Job;
  readonly inputs: readonly Uint8Array[];
}

interface Saved {
  readonly note: string;
  readonly code: string;
  readonly maps: readonly MapSpec[];
  readonly tails: Readonly<Record<string, string>>;
  readonly context: Job['context'];
  readonly mode: Job['mode'];
  readonly budget: string | undefined;
  readonly shared: boolean;
  /** Default true. */
  readonly optimize?: Optimize;
  readonly inputs: readonly string[];
}

const FOLDER = join(import.meta.dirname, 'regressions');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** Path of the file written. */
export function saveRegression(name: string, { note, job, inputs }: Regression): string {
  const saved: Saved = {
    note,
    code: hex(job.code),
    maps: job.maps,
    tails: Object.fromEntries([...job.tails].map(([tail, code]) => [tail, hex(code)])),
    context: job.context,
    mode: job.mode,
    budget: job.budget?.toString(),
    shared: job.shared === true,
    optimize: job.optimize ?? true,
    inputs: inputs.map(hex),
  };
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(saved, null, 2)}\n`);
  return path;
}

export function loadRegressions(): ReadonlyMap<string, Regression> {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith('.json')) : [];
  return new Map(files.map((file) => [file, regressionOf(readFileSync(join(FOLDER, file), 'utf8'))]));
}

function regressionOf(text: string): Regression {
  const saved = JSON.parse(text) as Saved;
  const job: Job = {
    code: bytes(saved.code),
    maps: saved.maps,
    tails: new Map(Object.entries(saved.tails).map(([name, code]) => [name, bytes(code)])),
    context: saved.context,
    mode: saved.mode,
    budget: saved.budget === undefined ? undefined : BigInt(saved.budget),
    shared: saved.shared,
    optimize: saved.optimize ?? true,
  };
  return { note: saved.note, job, inputs: saved.inputs.map(bytes) };
}

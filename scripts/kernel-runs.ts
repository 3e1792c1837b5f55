/**
 * Holds both engines against what the Linux kernel returned for programs of public objects:
 *
 *   npm run kernel-runs -- RUNS.jsonl OBJECTS-DIR [--program NAME] [--sandbox] [--json]
 *
 * Each line of RUNS.jsonl names an object (a path under OBJECTS-DIR), a program and its type, and for each input (a
 * file beside RUNS.jsonl) the kernel's r0 and the FNV-1a hash of the packet after the run. Programs are verified, or
 * with --sandbox checked as they run.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type EngineKind,
  open,
  type Program,
  type ProgramType,
  readObject,
  testRun,
  WebpfError,
} from '../src/index.ts';

interface KernelRun {
  readonly input: string;
  readonly r0: number;
  readonly out_len: number;
  readonly out_fnv1a64: string;
  readonly stable: boolean;
}
interface Entry {
  readonly object: string;
  readonly section: string;
  readonly prog: string;
  readonly type: ProgramType;
  readonly runs: readonly KernelRun[];
}
interface Outcome {
  readonly entry: Entry;
  readonly engine: EngineKind;
  readonly status: 'agrees' | 'differs' | 'missing' | 'unstable';
  readonly detail: string;
}

function fnv1a64(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** Programs that call what webpf does not deliver yet are no divergence. */
const notDelivered: ReadonlySet<string> = new Set(['missing-helper', 'unsupported', 'map-operation']);

async function prepare(entry: Entry, directory: string, engine: EngineKind) {
  const file = await readObject(join(directory, entry.object));
  const match = (program: Program): boolean =>
    program.name === entry.prog && program.section === entry.section;
  const programs = file.programs.map((program) =>
    match(program) ? { ...program, type: entry.type } : program,
  );
  const refused = file.refused.find(({ program }) => program === entry.prog);
  if (refused && !programs.some(match)) throw refused.error;
  return { file: { ...file, programs }, options: { engine, cpus: 2, sandbox: values.sandbox } };
}

async function runOne(entry: Entry, run: KernelRun, inputs: string, directory: string, engine: EngineKind) {
  const { file, options } = await prepare(entry, directory, engine);
  using object = await open(file, options);
  const program = await object.program(entry.prog);
  const { r0, data } = testRun(program, new Uint8Array(readFileSync(join(inputs, run.input))));
  return { r0: Number(BigInt.asUintN(32, r0)), hash: fnv1a64(data), length: data.length };
}

async function judge(entry: Entry, inputs: string, directory: string, engine: EngineKind): Promise<Outcome> {
  const outcome = (status: Outcome['status'], detail: string): Outcome => ({ entry, engine, status, detail });
  const stable = entry.runs.filter((run) => run.stable);
  if (stable.length === 0) return outcome('unstable', 'leaks an address or a clock');
  for (const run of stable) {
    try {
      const ours = await runOne(entry, run, inputs, directory, engine);
      const wanted = run.r0 >>> 0;
      if (ours.r0 !== wanted)
        return outcome('differs', `${run.input}: r0 is ${ours.r0}, the kernel's ${wanted}`);
      if (ours.hash !== run.out_fnv1a64) {
        return outcome(
          'differs',
          `${run.input}: the packets differ (${ours.length} bytes, the kernel's ${run.out_len})`,
        );
      }
    } catch (error) {
      if (!(error instanceof WebpfError)) throw error;
      return outcome(notDelivered.has(error.code) ? 'missing' : 'differs', `${error.code}: ${error.message}`);
    }
  }
  return outcome('agrees', '');
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    program: { type: 'string' },
    sandbox: { type: 'boolean', default: false },
  },
});
const [runsFile, directory] = positionals;
if (!runsFile || !directory) {
  console.error('usage: npm run kernel-runs -- RUNS.jsonl OBJECTS-DIR [--program NAME] [--sandbox] [--json]');
  process.exit(2);
}
const entries = readFileSync(runsFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Entry)
  .filter((entry) => values.program === undefined || entry.prog === values.program);

const counts = new Map<string, number>();
for (const entry of entries) {
  for (const engine of ['interp', 'jit'] as const) {
    const outcome = await judge(entry, dirname(runsFile), directory, engine);
    const key = `${engine} ${outcome.status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const line = {
      object: entry.object,
      program: entry.prog,
      type: entry.type,
      engine,
      status: outcome.status,
      detail: outcome.detail,
    };
    if (values.json) console.log(JSON.stringify(line));
    else if (outcome.status !== 'agrees')
      console.log(
        `${engine.padEnd(6)} ${outcome.status.padEnd(8)} ${entry.object} ${entry.prog}: ${outcome.detail}`,
      );
  }
}
if (!values.json) for (const [key, count] of [...counts].sort()) console.log(`${key}: ${count}`);
process.exitCode = [...counts.keys()].some((key) => key.endsWith('differs')) ? 1 : 0;

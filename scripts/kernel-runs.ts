/**
 * Holds both engines against what the Linux kernel returned for programs of public objects:
 *
 *   npm run kernel-runs -- RUNS.jsonl OBJECTS-DIR [--btf FILE] [--program NAME] [--sandbox] [--json]
 *
 * Each line of RUNS.jsonl names an object (a path under OBJECTS-DIR), a program and its type, and for each input (a
 * file beside RUNS.jsonl) the kernel's r0 and the FNV-1a hash of the packet after the run. Programs are verified, or
 * with --sandbox checked as they run; --btf has the types that CO-RE relocations are answered by. What a program returns
 * that depends on an address or on the packet's hash, for which the kernel has a random key, nobody can repeat: where a
 * result differs, the program runs again elsewhere in memory and with another hash, and is no divergence when that changes
 * its result.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type EngineKind,
  type MapSpec,
  open,
  type Program,
  type ProgramType,
  readObject,
  readTypes,
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

/** All the network there is where a program is run by BPF_PROG_TEST_RUN. */
const LOOPBACK = { ifindex: 1, mtu: 65_536, forwarding: false };

function fnv1a64(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** Programs that call what webpf does not deliver yet are no divergence. */
const notDelivered: ReadonlySet<string> = new Set(['missing-helper', 'unsupported', 'map-operation']);

const emptied = (map: MapSpec): MapSpec => {
  const { slots, ...rest } = map;
  return slots?.some(({ kind }) => kind === 'program') ? rest : map;
};

/** The kernel was asked with empty program arrays: tail calls fell through. */
const withEmptyMaps = <Holder extends { readonly maps: readonly MapSpec[] }>(holder: Holder): Holder => ({
  ...holder,
  maps: holder.maps.map(emptied),
});

/** Where a program runs, and what the packet's hash is. */
interface Surroundings {
  readonly cpus: number;
  readonly cpu?: number;
  readonly hash?: number;
}
const USUAL: Surroundings = { cpus: 2 };
const OTHERS: readonly Surroundings[] = [
  { cpus: 2, cpu: 1 },
  { cpus: 2, hash: 0x1234_5678 },
];

interface Subject {
  readonly entry: Entry;
  readonly inputs: string;
  readonly directory: string;
  readonly engine: EngineKind;
}

async function prepare({ entry, directory }: Subject) {
  const file = await readObject(join(directory, entry.object), undefined, { btf: types });
  const match = (program: Program): boolean =>
    program.name === entry.prog && program.section === entry.section;
  const programs = file.programs.map((program) =>
    withEmptyMaps(match(program) ? { ...program, type: entry.type } : program),
  );
  const refused = file.refused.find(({ program }) => program === entry.prog);
  if (refused && !programs.some(match)) throw refused.error;
  return { ...withEmptyMaps(file), programs };
}

async function runOne(subject: Subject, { input }: KernelRun, { hash, ...where }: Surroundings) {
  const { entry, inputs, engine } = subject;
  using object = await open(await prepare(subject), { engine, ...where, sandbox: values.sandbox });
  object.engine.network.setDevice(LOOPBACK);
  const program = await object.program(entry.prog);
  const packet = new Uint8Array(readFileSync(join(inputs, input)));
  const { r0, data } = testRun(program, packet, hash === undefined ? {} : { hash });
  return { r0: Number(BigInt.asUintN(32, r0)), hash: fnv1a64(data), length: data.length };
}

type Ours = Awaited<ReturnType<typeof runOne>>;

function differenceFrom({ input, r0, out_fnv1a64: hash, out_len: length }: KernelRun, ours: Ours): string {
  if (ours.r0 !== r0 >>> 0) return `${input}: r0 is ${ours.r0}, the kernel's ${r0 >>> 0}`;
  return ours.hash === hash
    ? ''
    : `${input}: the packets differ (${ours.length} bytes, the kernel's ${length})`;
}

async function isRepeatable(subject: Subject, run: KernelRun, ours: Ours): Promise<boolean> {
  for (const others of OTHERS) {
    const again = await runOne(subject, run, others);
    if (again.r0 !== ours.r0 || again.hash !== ours.hash) return false;
  }
  return true;
}

async function judge(subject: Subject): Promise<Outcome> {
  const { entry, engine } = subject;
  const outcome = (status: Outcome['status'], detail: string): Outcome => ({ entry, engine, status, detail });
  const stable = entry.runs.filter((run) => run.stable);
  if (stable.length === 0) return outcome('unstable', 'leaks an address or a clock');
  for (const run of stable) {
    try {
      const ours = await runOne(subject, run, USUAL);
      const difference = differenceFrom(run, ours);
      if (difference === '') continue;
      const status = (await isRepeatable(subject, run, ours)) ? 'differs' : 'unstable';
      return outcome(status, difference);
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
    btf: { type: 'string' },
    program: { type: 'string' },
    sandbox: { type: 'boolean', default: false },
  },
});
const [runsFile, directory] = positionals;
if (!runsFile || !directory) {
  console.error(
    'usage: npm run kernel-runs -- RUNS.jsonl OBJECTS-DIR [--btf FILE] [--program NAME] [--sandbox] [--json]',
  );
  process.exit(2);
}
const types = values.btf === undefined ? undefined : await readTypes(values.btf);
const entries = readFileSync(runsFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Entry)
  .filter((entry) => values.program === undefined || entry.prog === values.program);

const counts = new Map<string, number>();
for (const entry of entries) {
  for (const engine of ['interp', 'jit'] as const) {
    const outcome = await judge({ entry, inputs: dirname(runsFile), directory, engine });
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

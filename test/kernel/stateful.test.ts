import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as abi from '../../src/abi/maps.ts';
import { programTypeNumber } from '../../src/frontend/programTypes.ts';
import {
  type EngineKind,
  type MapSpec,
  open,
  openCapture,
  type Program,
  readObject,
  testRun,
} from '../../src/index.ts';
import { decodeProgram } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import { helperId } from '../../src/isa/helpers.ts';
import { isRefusal, KernelJudge } from './kernel.ts';
import { withMapIds } from './run.ts';

const judge = await KernelJudge.open();
const reason = typeof judge === 'string' ? judge : '';
if (reason !== '') console.log(`sequences of packets in the kernel: skipped: ${reason}`);

const ROOT = join(import.meta.dirname, '../..');
const TYPES: ReadonlySet<string> = new Set(['xdp', 'sched_cls']);
/** Written to be rejected; and a map from which Linux throws out others than its oldest element. */
const LEFT_OUT = /^(rejected|map_lru_churn)/;
/** What differs from run to run: clocks, chance, who runs, and on which CPU. */
const VOLATILE = ['ktime_get_ns', 'ktime_get_boot_ns', 'ktime_get_coarse_ns', 'ktime_get_tai_ns', 'jiffies64']
  .concat([
    'get_prandom_u32',
    'get_smp_processor_id',
    'get_current_pid_tgid',
    'get_current_comm',
    'get_hash_recalc',
  ])
  .map((name) => helperId(name));
/** Maps whose contents the host reads. */
const READ: ReadonlySet<number> = new Set([
  abi.MAP_TYPE_HASH,
  abi.MAP_TYPE_ARRAY,
  abi.MAP_TYPE_LRU_HASH,
  abi.MAP_TYPE_LPM_TRIE,
]);
const MADE: ReadonlySet<number> = new Set([
  ...READ,
  abi.MAP_TYPE_PERCPU_ARRAY,
  abi.MAP_TYPE_PERCPU_HASH,
  abi.MAP_TYPE_QUEUE,
  abi.MAP_TYPE_STACK,
  abi.MAP_TYPE_RINGBUF,
]);

const insnsOf = ({ code }: Program) => decodeProgram(code).insns.filter((insn) => insn !== undefined);

const isRepeatable = (program: Program): boolean =>
  insnsOf(program).every(
    (insn) =>
      insn.kind !== 'call' ||
      (insn.target !== 'kfunc' && (insn.target !== 'helper' || !VOLATILE.includes(insn.imm))),
  );

const canBeMade = ({ type, inner, slots }: MapSpec): boolean => MADE.has(type) && !inner && !slots;

async function subjects(): Promise<(readonly [name: string, file: string, program: string])[]> {
  const files = ['examples', 'bench/programs', 'test/objects'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.o') && !LEFT_OUT.test(name))
      .map((name) => join(folder, name)),
  );
  const found: (readonly [string, string, string])[] = [];
  for (const file of files) {
    const { programs } = await readObject(join(ROOT, file)).catch(() => ({ programs: [] }));
    for (const program of programs) {
      const fits = TYPES.has(program.type) && program.maps.length > 0 && program.maps.every(canBeMade);
      if (fits && isRepeatable(program)) found.push([`${file} ${program.name}`, file, program.name]);
    }
  }
  return found;
}

async function packets(): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  const capture = readFileSync(join(ROOT, 'examples/captures/traffic-sample.pcapng'));
  for await (const { data } of await openCapture(new Uint8Array(capture))) found.push(data);
  return found;
}

interface Left {
  /** Verdict and packet of each run. */
  readonly runs: readonly string[];
  /** Elements of each map, sorted. */
  readonly maps: Readonly<Record<string, readonly string[]>>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const isRead = ({ type }: MapSpec): boolean => READ.has(type);
const ZERO = new Uint8Array(4);

async function makeMaps(on: KernelJudge, specs: readonly MapSpec[]): Promise<number[] | undefined> {
  const ids: number[] = [];
  for (const { type, keySize, valueSize, maxEntries, flags, data } of specs) {
    const made = await on.map(type, keySize, valueSize, maxEntries, flags);
    if (isRefusal(made)) return undefined;
    if (data !== undefined) await on.update(made.id, ZERO, data, 0);
    ids.push(made.id);
  }
  return ids;
}

async function elements(on: KernelJudge, map: number): Promise<string[]> {
  const found: string[] = [];
  for (let key: Uint8Array | undefined; ; ) {
    const next = await on.next(map, key);
    if (isRefusal(next)) return found.sort();
    key = Buffer.from(next.key, 'hex');
    const value = await on.lookup(map, key);
    if (!isRefusal(value)) found.push(`${next.key} ${value.value}`);
  }
}

/** Undefined where the kernel does not take the program without more (types, attach points). */
async function inKernel(
  on: KernelJudge,
  program: Program,
  events: readonly Uint8Array[],
): Promise<Left | undefined> {
  await on.reset();
  const ids = await makeMaps(on, program.maps);
  if (ids === undefined) return undefined;
  const code = encode(insnsOf(program).map((insn) => withMapIds(insn, ids)));
  const loaded = await on.load(programTypeNumber(program.type), code);
  if (isRefusal(loaded)) return undefined;
  const runs: string[] = [];
  for (const packet of events) {
    const ran = await on.run(loaded.id, packet);
    runs.push(isRefusal(ran) ? `errno ${ran.errno}` : `${ran.retval} ${ran.data}`);
  }
  const maps: Record<string, string[]> = {};
  for (const [index, spec] of program.maps.entries())
    if (isRead(spec)) maps[spec.name] = await elements(on, ids[index] ?? -1);
  return { runs, maps };
}

async function here(
  path: string,
  name: string,
  events: readonly Uint8Array[],
  engine: EngineKind,
): Promise<Left> {
  using object = await open(path, { engine });
  const program = await object.program(name);
  const runs = events.map((packet) => {
    const { r0, data } = testRun(program, packet);
    return `${BigInt.asUintN(32, r0)} ${hex(data)}`;
  });
  const maps: Record<string, string[]> = {};
  for (const spec of program.spec.maps.filter(isRead)) {
    const all = [...object.map(spec.name).raw.entries()].map(([key, value]) => `${hex(key)} ${hex(value)}`);
    maps[spec.name] = all.sort();
  }
  return { runs, maps };
}

const found = reason === '' ? await subjects() : [];
const events = reason === '' ? await packets() : [];
let compared = 0;

describe.skipIf(reason !== '')('sequences of packets over the same maps', () => {
  afterAll(() => {
    if (typeof judge !== 'string') judge.close();
  });

  test.each(found)('%s', { timeout: 60_000 }, async (_, file, name) => {
    if (typeof judge === 'string') throw new Error(judge);
    const path = join(ROOT, file);
    const program = (await readObject(path)).programs.find((one) => one.name === name);
    const kernel = program && (await inKernel(judge, program, events));
    if (kernel === undefined) return;
    compared++;
    for (const engine of ['interp', 'jit'] as const)
      expect(await here(path, name, events, engine)).toEqual(kernel);
  });

  test('most of them are ones that the kernel takes', () => {
    expect(compared).toBeGreaterThan(found.length / 2);
  });
});

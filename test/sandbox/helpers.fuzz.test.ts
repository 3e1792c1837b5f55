/**
 * Every helper with wild arguments, in both engines: nothing outside the program's memory changes, nothing of another
 * object's shows, maps stay whole, and both engines end alike. More of it: WEBPF_FUZZ=<programs>, WEBPF_SEED=<number>.
 */
import { expect, test } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import { MAP_TYPE_ARRAY, MAP_TYPE_HASH } from '../../src/abi/maps.ts';
import {
  type BpfObject,
  type BpfProgram,
  Engine,
  type EngineKind,
  openIn,
  programFromAssembly,
} from '../../src/index.ts';
import { mapSpec } from '../api/build.ts';
import { Random } from '../nodiff/random.ts';
import { Integrity, mapFaults, refill } from './integrity.ts';
import { argumentBytes, type Targets, targetsOf, type Wild, wildProgram } from './wild.ts';

const { WEBPF_FUZZ = '16', WEBPF_SEED = '1' } = process.env;
const PROGRAMS = Number(WEBPF_FUZZ);
const SEED = Number(WEBPF_SEED);
const RUNS = 40;
const TYPES = ['xdp', 'sched_cls', 'unspec'] as const;
const SECRET = Buffer.alloc(16, 0xc5);

interface Bench {
  readonly object: BpfObject;
  readonly program: BpfProgram;
  readonly targets: Targets;
}

async function benchOf(kind: EngineKind, wild: Wild, memory: 'plain' | 'shared'): Promise<Bench> {
  const engine = await Engine.create({
    engine: kind,
    sandbox: true,
    memory,
    cpus: 2,
    cpu: 1,
    time: 1n,
    budget: 20_000,
    maxMemory: 32 << 20,
  });
  const maps = [
    mapSpec('secrets', MAP_TYPE_ARRAY, { valueSize: 16 }),
    mapSpec('known', MAP_TYPE_HASH, { keySize: 16, valueSize: 16 }),
  ];
  const victim = await openIn(engine, programFromAssembly('r0 = 0\nexit', { maps }));
  victim.map('secrets').raw.update(new Uint8Array(4), SECRET);
  victim.map('known').raw.update(SECRET, SECRET);
  const object = await openIn(engine, wild.file);
  const program = await object.program('main');
  program.runBatch([new Uint8Array(64)]); // lays out what the host writes before runs
  return { object, program, targets: targetsOf(object, program.descriptor, victim) };
}

/** What can be seen of a run from outside, as text. */
function outcome({ object, program }: Bench, packet: Uint8Array): string {
  const { memory, run } = object.engine;
  const { results, traps, packets } = program.runBatch([packet], { packets: true });
  const [trap] = traps;
  const end = trap ? `${trap.kind} at ${trap.insn} of ${trap.program}: ${trap.value}` : `r0 ${results[0]}`;
  // Where they are: a lookup copies them into memory of the host's, which is held against changes.
  const { valuesAddress, valueBytes } = object.map('arguments').raw;
  const values = memory.read(valuesAddress, valueBytes);
  const bytes = [packets?.[0] ?? new Uint8Array(), values].map((data) => Buffer.from(data).toString('hex'));
  return [end, `fuel ${memory.u64(run + layout.RUN_FUEL)}`, ...bytes].join('\n');
}

/** Runs both engines once over the same arguments; returns what is wrong. */
function trial(benches: readonly Bench[], values: Uint8Array, packet: Uint8Array): string[] {
  const outcomes = new Set<string>();
  const faults = benches.flatMap((bench) => {
    bench.object.map('arguments').raw.update(new Uint8Array(4), values);
    const integrity = new Integrity(bench.object, bench.program.descriptor);
    outcomes.add(outcome(bench, packet));
    const damage = integrity.damage().map((address) => `memory at ${address} has changed`);
    if (integrity.leaked(SECRET)) damage.push('a secret was read');
    for (const _ of bench.object.ring('ring').drain());
    for (const _ of bench.object.perfBuffer('events').drain());
    return [...damage, ...mapFaults(bench.object)];
  });
  return outcomes.size === 1 ? faults : [...faults, ...outcomes];
}

test('damage and leaks are noticed', async () => {
  const wild = wildProgram(new Random(SEED), 'xdp');
  const { object, program, targets } = await benchOf('interp', wild, 'plain');
  const { memory, run } = object.engine;
  const integrity = new Integrity(object, program.descriptor);
  expect([integrity.damage(), integrity.leaked(SECRET)]).toEqual([[], false]);
  const hidden = [
    program.descriptor,
    run + layout.RUN_CPU,
    targets.maps.get('calls') ?? 0,
    layout.HEADER,
  ].sort((a, b) => a - b);
  for (const address of hidden) memory.setU32(address, ~memory.u32(address));
  expect(integrity.damage()).toEqual(hidden);
  memory.write(memory.u32(run + layout.RUN_STACK), SECRET);
  expect(integrity.leaked(SECRET)).toBe(true);
});

test.each(['plain', 'shared'] as const)('helpers keep hostile programs in, in %s memory', async (memory) => {
  for (let number = 0; number < PROGRAMS; number++) {
    const random = new Random(SEED * 1_000_003 + number);
    const wild = wildProgram(random, random.pick(TYPES));
    const benches = [await benchOf('jit', wild, memory), await benchOf('interp', wild, memory)];
    const [first] = benches;
    if (!first) throw new Error('no engine');
    for (let run = 0; run < RUNS; run++) {
      const values = argumentBytes(random, wild.places, first.targets);
      expect({ number, run, faults: trial(benches, values, random.bytes(64)) }).toEqual({
        number,
        run,
        faults: [],
      });
    }
    for (const { object } of benches) refill(object);
  }
}, 600_000);

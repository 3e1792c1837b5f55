import * as layout from '../../abi/layout.ts';
import type { WasmTable } from '../../abi/runtime.ts';
import { WebpfError } from '../../errors.ts';
import { Stepper } from '../../interp/stepper.ts';
import { decodeProgram } from '../../isa/decode.ts';
import { helperName } from '../../isa/helpers.ts';
import { adoptModule, instantiate } from '../../jit/instantiate.ts';
import { badArgument } from '../argument.ts';
import { Engine } from '../engine.ts';
import { MapSet } from '../mapSet.ts';
import type { RawMap } from '../maps/raw.ts';
import { BpfObject } from '../object.ts';
import { BpfProgram, type Executor } from '../program.ts';
import { withTimers } from '../timers.ts';
import type { SharedObject } from './share.ts';
import type { AttachOptions, SharedProgram, SharedState } from './types.ts';

const isState = (value: unknown): value is SharedState =>
  typeof value === 'object' && value !== null && 'abi' in value && 'engine' in value && 'object' in value;

function stateOf(shared: SharedObject): SharedState {
  const state: unknown = (shared as Partial<SharedObject> | undefined)?.state;
  if (!isState(state)) throw badArgument('this is no shared object: post what object.share() gave');
  if (state.abi === layout.ABI_VERSION) return state;
  throw badArgument(
    `the object was shared by a webpf with ABI ${state.abi}, but this one has ${layout.ABI_VERSION}: use one version in all threads`,
  );
}

function mapAt(engine: Engine, address: number): RawMap {
  const map = engine.mapAt(address);
  if (map === undefined)
    throw badArgument('the shared object is incomplete: it has no map at an address it names');
  return map;
}

function refuseMissingHelpers(engine: Engine, { program, helpers }: SharedProgram): void {
  const missing = helpers.find((id) => !engine.helpers.has(id));
  if (missing === undefined) return;
  const helper = `${helperName(missing) ?? 'helper'}#${missing}`;
  const message = `${program.name} calls ${helper}, which this thread does not have: pass it in the option "helpers", as where the object was opened`;
  throw new WebpfError('missing-helper', message, { stage: 'runtime', subject: program.name });
}

/** Puts functions where the other threads' tables have them: their indexes are in shared memory. */
function setInTable(table: WasmTable, indexes: readonly number[], functions: readonly unknown[]): void {
  const missing = Math.max(...indexes) + 1 - table.length;
  if (missing > 0) table.grow(missing);
  indexes.forEach((index, i) => {
    table.set(index, functions[i]);
  });
}

async function executorOf(engine: Engine, shared: SharedProgram): Promise<Executor> {
  const { descriptor, functions, translated } = shared;
  const { exports, memory, run } = engine;
  if (translated === undefined) {
    return {
      batch: (record, count) => exports.interpretBatch(descriptor, record, count),
      debug: (record) => new Stepper(engine.stepHost, descriptor, record),
    };
  }
  const artifact = { info: translated.info, wasm: new Uint8Array() };
  adoptModule(artifact, translated.module as WebAssembly.Module);
  const maps = shared.maps.map((address) => mapAt(engine, address));
  const program = await instantiate(artifact, {
    memory: memory.memory as WebAssembly.Memory,
    run,
    program: descriptor,
    functions,
    maps: maps.map(({ address }) => address),
    values: maps.map(({ valuesAddress }) => valuesAddress),
    runtime: exports,
    hostHelper: engine.helpers.call,
    kfunc: engine.kfuncs.find,
  });
  setInTable(exports.table, translated.indexes, [program.entry, ...program.functions]);
  return program;
}

async function adoptProgram(engine: Engine, shared: SharedProgram): Promise<BpfProgram> {
  const { program, descriptor, id, mode, contextKind } = shared;
  refuseMissingHelpers(engine, shared);
  engine.addProgram(descriptor, { ...program, insns: decodeProgram(program.code).insns });
  const executor = withTimers(
    engine,
    await executorOf(engine, shared),
    new Set(shared.helpers),
    program.kfuncs ?? [],
  );
  return new BpfProgram(engine, program, contextKind, { id, descriptor, mode }, executor);
}

async function adoptObject(
  engine: Engine,
  { maps, programs, tailCalls, object }: SharedState,
): Promise<BpfObject> {
  for (const { spec, address } of maps) engine.adoptMap(spec, address);
  engine.tailCalls.adopt(tailCalls);
  const ready = new Map<number, BpfProgram>();
  for (const program of programs) ready.set(program.descriptor, await adoptProgram(engine, program));
  const own = [...object.programs].flatMap(([name, descriptor]): [string, BpfProgram][] => {
    const program = ready.get(descriptor);
    return program === undefined ? [] : [[name, program]];
  });
  const named = new Map([...object.maps].map(([name, address]) => [name, mapAt(engine, address)]));
  return new BpfObject(engine, object.file, {}, true, {
    maps: new MapSet(named),
    programs: new Map(own),
  });
}

/**
 * Opens in this thread what another thread shares: the same memory, maps and programs, with a run state and per-CPU
 * values of its own. Nothing is verified or translated again.
 *
 * @param shared what `object.share()` gave, as it came with the message
 * @throws WebpfError 'bad-argument' when it is something else, or the CPU is out of range or in use; 'missing-helper'
 */
export async function openShared(shared: SharedObject, options: AttachOptions): Promise<BpfObject> {
  const state = stateOf(shared);
  const engine = await Engine.attach(state.engine, options);
  try {
    return await adoptObject(engine, state);
  } catch (error) {
    engine[Symbol.dispose]();
    throw error;
  }
}

import * as layout from '../../src/abi/layout.ts';
import { WebpfError } from '../../src/errors.ts';
import type { MapSpec, ObjectFile, Program, ProgramType } from '../../src/frontend/program.ts';
import { type BpfObject, type BpfProgram, Engine, type EngineKind, openIn } from '../../src/index.ts';
import type { Optimize } from '../../src/jit/opt/names.ts';
import type { ContextKind } from '../conformance/format.ts';

/** What the judges run: a program with its maps, and the programs that its tail calls reach. */
export interface Job {
  readonly code: Uint8Array;
  readonly maps: readonly MapSpec[];
  /** Targets of tail calls, by the names in the slots of `maps`; they have the same maps. */
  readonly tails: ReadonlyMap<string, Uint8Array>;
  readonly context: ContextKind;
  readonly mode: 'sandbox' | 'trusted';
  readonly budget: bigint | undefined;
  /** Shared memory, where atomic instructions are WebAssembly's own. Default false. */
  readonly shared?: boolean;
  /** Of the JIT. Default true. */
  readonly optimize?: Optimize;
}

export interface OutcomeTrap {
  readonly kind: string;
  readonly program: string;
  readonly pc: number;
  readonly value: bigint;
}

/** Everything a run leaves behind. */
export interface Outcome {
  /** Unsigned 64 bits; undefined when the run trapped. */
  readonly r0: bigint | undefined;
  readonly trap: OutcomeTrap | undefined;
  /** Memory or packet after the run. */
  readonly data: Uint8Array;
  readonly stack: Uint8Array;
  /** Value slabs of the maps, in the order of their addresses, with the number of elements. */
  readonly maps: readonly { readonly values: Uint8Array; readonly count: number }[];
  /** Budget left (sandbox). */
  readonly fuel: bigint;
}

const NAME = 'main';
const TYPES: Readonly<Record<ContextKind, ProgramType>> = { memory: 'unspec', xdp: 'xdp', skb: 'sched_cls' };

/** A program as bytes, as a frontend would give it. */
export function programOf(job: Job, name: string, code: Uint8Array): Program {
  return {
    name,
    section: '',
    type: TYPES[job.context],
    typeGuessed: false,
    attachTo: '',
    sleepable: false,
    frags: false,
    autoload: true,
    code,
    subprograms: [],
    maps: job.maps,
    lines: [],
    license: 'GPL',
  };
}

function objectOf(job: Job): ObjectFile {
  const tails = [...job.tails].map(([name, code]) => programOf(job, name, code));
  const programs = [programOf(job, NAME, job.code), ...tails];
  return { name: NAME, programs, refused: [], maps: job.maps, license: 'GPL' };
}

/** Linear memory of one judge's engine: small, since thousands of them are made. */
const MAX_MEMORY = 32 << 20;

/** A job in an engine of its own, ready to run again and again; maps keep their contents between runs. */
export class Prepared {
  readonly object: BpfObject;
  readonly #program: BpfProgram;
  readonly #job: Job;

  private constructor(object: BpfObject, program: BpfProgram, job: Job) {
    this.object = object;
    this.#program = program;
    this.#job = job;
  }

  /** @throws WebpfError when the checks or the engine refuse the program. */
  static async of(kind: EngineKind, job: Job): Promise<Prepared> {
    const engine = await Engine.create({
      engine: kind,
      sandbox: job.mode === 'sandbox',
      trusted: job.mode === 'trusted',
      memory: job.shared === true ? 'shared' : 'plain',
      optimize: job.optimize ?? true,
      maxMemory: MAX_MEMORY,
      cpus: 2,
      cpu: 1,
      time: 1_000_000n,
    });
    const object = await openIn(engine, objectOf(job), { context: job.context });
    return new Prepared(object, await object.program(NAME), job);
  }

  run(data: Uint8Array): Outcome {
    const { memory, run } = this.object.engine;
    if (this.#job.budget !== undefined) memory.setU64(run + layout.RUN_BUDGET, this.#job.budget);
    const { results, traps, packets } = this.#program.runBatch([data], { packets: true });
    const trap = traps[0];
    return {
      r0: trap === undefined ? results[0] : undefined,
      trap: trap && { kind: trap.kind, program: trap.program, pc: trap.insn, value: trap.value },
      data: packets?.[0] ?? new Uint8Array(0),
      stack: this.#stack(),
      maps: this.#maps(),
      fuel: memory.u64(run + layout.RUN_FUEL),
    };
  }

  /** Instructions the interpreter has executed so far. */
  get executed(): bigint {
    const { memory, run } = this.object.engine;
    return memory.u64(run + layout.RUN_INSNS);
  }

  #stack(): Uint8Array {
    const { memory, run } = this.object.engine;
    const bottom = memory.u32(run + layout.RUN_STACK);
    return memory.read(bottom, memory.u32(run + layout.RUN_STACK_TOP) - bottom);
  }

  #maps(): { values: Uint8Array; count: number }[] {
    const { memory } = this.object.engine;
    const { descriptor } = this.#program;
    const list = memory.u32(descriptor + layout.PROG_MAPS);
    return Array.from({ length: memory.u32(descriptor + layout.PROG_NMAPS) }, (_, index) => {
      const map = memory.u32(list + 4 * index);
      const start = memory.u32(map + layout.MAP_VALUES);
      const values = memory.read(start, memory.u32(map + layout.MAP_VALUES_END) - start);
      return { values, count: memory.u32(map + layout.MAP_COUNT) };
    });
  }
}

/** One run of a job in a fresh engine. */
export async function runOn(kind: EngineKind, job: Job, data: Uint8Array): Promise<Outcome> {
  return (await Prepared.of(kind, job)).run(data);
}

/** A job ready to run, or why it is refused. Anything that is not a WebpfError is thrown. */
export async function tryPrepare(kind: EngineKind, job: Job): Promise<Prepared | WebpfError> {
  try {
    return await Prepared.of(kind, job);
  } catch (error) {
    if (error instanceof WebpfError) return error;
    throw error;
  }
}

import * as layout from '../abi/layout.ts';
import { BPF_F_RDONLY_PROG } from '../abi/maps.ts';
import { WebpfError } from '../errors.ts';
import type { MapSpec, Program } from '../frontend/program.ts';
import type { StepHost, StepProgram } from '../interp/stepper.ts';
import type { ProofMode } from '../verifier/proof.ts';
import { Arena } from './arena.ts';
import { badArgument, integer, oneOf, unsigned64 } from './argument.ts';
import { systemClocks } from './clock.ts';
import { mapError } from './errno.ts';
import { FlowKeys } from './flowKeys.ts';
import { HelperTable, type HostHelpers } from './helpers.ts';
import type { Caught, RunHost } from './host.ts';
import { isMapOfMaps, isProgramArray } from './maps/kinds.ts';
import { RawMap } from './maps/raw.ts';
import { type RingHost, TraceLog } from './maps/ring.ts';
import { spinLockOffset } from './maps/spinLock.ts';
import { LinearMemory } from './memory.ts';
import { Signal } from './signal.ts';
import { TailCalls } from './tailCalls.ts';
import { type Task, writeTask } from './task.ts';
import { readTrap, trapAt } from './trap.ts';
import {
  createMemory,
  type Exports,
  instantiateRuntime,
  type MemoryKind,
  type RuntimeSource,
} from './wasm.ts';

/** A program with its instructions by slot. */
export type DecodedProgram = Program & StepProgram;

export type EngineKind = 'jit' | 'interp' | 'auto';

export interface EngineOptions {
  /**
   * `jit` (default): programs are translated to WebAssembly. `interp`: they are interpreted. `auto`: they are interpreted
   * until their translation, which a worker makes meanwhile, takes over between two events; in browsers, programs that
   * are not translated yet stay interpreted.
   */
  readonly engine?: EngineKind;
  /**
   * True: programs are not verified; every access is checked when it happens, and a budget bounds each run. Default
   * false: a program is verified when it is loaded, refused unless it is accepted, and runs without checks.
   */
  readonly sandbox?: boolean;
  /**
   * True: programs are neither verified nor checked. A wrong program can then damage maps and the engine's own memory
   * (never the host's). Default false.
   */
  readonly trusted?: boolean;
  /**
   * True: before each instruction, everything that the verifier has proved of the program is held against registers
   * and memory; what does not hold stops the run (a `FactViolation` is the error's cause). Slow: for tests of webpf
   * itself. Needs `engine: 'interp'`. Default false.
   */
  readonly checkFacts?: boolean;
  /** Instructions a run may take in the sandbox, counted at backward jumps and calls. Default 100 million. */
  readonly budget?: number;
  /** CPUs that per-CPU maps have values for. Default 1. */
  readonly cpus?: number;
  /** The CPU programs run on, from 0. Default 0. */
  readonly cpu?: number;
  /** `shared` memory can be posted to workers. Default `plain`. */
  readonly memory?: MemoryKind;
  /** Most linear memory the engine may take, in bytes. Default 4 GiB (plain) or 1 GiB (shared). */
  readonly maxMemory?: number;
  /** Helpers of the host's own. */
  readonly helpers?: HostHelpers;
  /** A fixed time in ns for every clock helper; without it they read the system's clocks. See {@link Engine.time}. */
  readonly time?: bigint;
  /** Seed of bpf_get_prandom_u32. Default: fixed, so that runs can be repeated. */
  readonly seed?: bigint;
  /** The task that bpf_get_current_pid_tgid, _uid_gid and _comm report. Default: this process. */
  readonly task?: Partial<Task>;
  /** The compiled runtime for the kind of memory, where it is not found beside the code: in a bundle, say. */
  readonly runtime?: RuntimeSource;
}

const GiB = 2 ** 30;
const DEFAULT_BUDGET = 100_000_000;
const DEFAULT_MAX_MEMORY = { plain: 4 * GiB, shared: GiB } as const;

const positive = (name: string, value: number, max: number): number =>
  integer(`option ${name}`, value, 1, max);

function modeOf({ sandbox = false, trusted = false }: EngineOptions): ProofMode {
  if (sandbox && trusted) {
    throw badArgument('options sandbox and trusted exclude each other: checked when it runs, or not at all');
  }
  if (trusted) return 'trusted';
  return sandbox ? 'sandbox' : 'verified';
}

/** One linear memory with everything programs can touch, and the runtime in it. */
export class Engine implements RunHost, RingHost {
  readonly kind: EngineKind;
  /** How its programs run; in a `verified` engine, programs that cannot be verified run in the sandbox. */
  readonly mode: ProofMode;
  readonly checkFacts: boolean;
  readonly memory: LinearMemory;
  readonly exports: Exports;
  readonly run: number;
  readonly arena: Arena;
  readonly signal = new Signal();
  readonly cpus: number;
  readonly helpers: HelperTable;
  /** Where ring readers are told the length of a record. */
  readonly lengthOut: number;
  running = false;
  readonly tailCalls = new TailCalls();
  readonly #maps = new Map<number, RawMap>();
  readonly #programs = new Map<number, DecodedProgram>();
  #trace: TraceLog | undefined;
  #flowKeys: FlowKeys | undefined;

  private constructor(options: EngineOptions, memory: LinearMemory, exports: Exports, helpers: HelperTable) {
    this.kind = oneOf('option engine', options.engine ?? 'jit', ['jit', 'interp', 'auto']);
    this.mode = modeOf(options);
    this.checkFacts = options.checkFacts ?? false;
    if (this.checkFacts && (this.kind !== 'interp' || this.mode === 'trusted')) {
      throw badArgument("option checkFacts needs the interpreter: engine: 'interp', not trusted");
    }
    this.memory = memory;
    this.exports = exports;
    this.helpers = helpers;
    this.cpus = positive('cpus', options.cpus ?? 1, 256);
    exports.init(this.cpus);
    const cpu = integer('option cpu', options.cpu ?? 0, 0, this.cpus - 1);
    this.run = exports.attach(cpu) >>> 0;
    this.arena = new Arena(memory);
    this.lengthOut = memory.alloc(8);
    helpers.bindMemory(memory, this.run, (program) => this.tailCalls.kindOf(program));
    this.#configure(options);
  }

  static async create(options: EngineOptions = {}): Promise<Engine> {
    const kind = oneOf('option memory', options.memory ?? 'plain', ['plain', 'shared']);
    const memory = createMemory(
      kind,
      positive('maxMemory', options.maxMemory ?? DEFAULT_MAX_MEMORY[kind], 4 * GiB),
    );
    const bound: { exports?: Exports } = {};
    const helpers = new HelperTable(() => {
      if (!bound.exports) throw new Error('the runtime is not instantiated yet');
      return bound.exports;
    });
    const imports = { memory, ...systemClocks, hostHelper: helpers.call };
    bound.exports = await instantiateRuntime(kind, imports, options.runtime);
    const engine = new Engine(options, new LinearMemory(memory, kind, bound.exports), bound.exports, helpers);
    if (options.helpers !== undefined) helpers.add(options.helpers, await import('./helperRules.ts'));
    return engine;
  }

  /** The virtual time in ns, or undefined while clock helpers read the system's clocks. */
  get time(): bigint | undefined {
    const isVirtual = this.memory.u32(layout.HEADER + layout.HDR_CLOCK_VIRTUAL) !== 0;
    return isVirtual ? this.memory.u64(layout.HEADER + layout.HDR_CLOCK_NS) : undefined;
  }

  set time(ns: bigint | undefined) {
    if (ns !== undefined) unsigned64('option time', ns);
    this.memory.setU32(layout.HEADER + layout.HDR_CLOCK_VIRTUAL, ns === undefined ? 0 : 1);
    this.memory.setU64(layout.HEADER + layout.HDR_CLOCK_NS, ns ?? 0n);
  }

  /** What programs print with bpf_trace_printk. */
  get trace(): TraceLog {
    this.#trace ??= new TraceLog(this, this.memory.u32(layout.HEADER + layout.HDR_PRINTK));
    return this.#trace;
  }

  /** @throws WebpfError 'map-operation' when the kernel would refuse such a map (`errno`), or webpf lacks its type. */
  createMap(spec: MapSpec, extra = 0): RawMap {
    this.assertOpen();
    const { type, keySize, valueSize, maxEntries } = spec;
    // The verifier takes frozen data for constants: no program may write it, a sandboxed one neither.
    const flags = spec.frozen ? spec.flags | BPF_F_RDONLY_PROG : spec.flags;
    const address = this.exports.mapCreate(type, keySize, valueSize, maxEntries, flags, extra);
    if (address < 0 && address > -4096) throw mapError(spec.name, `creation (${shape(spec)})`, address);
    const map = new RawMap(spec, address >>> 0, this, this.#referenceCheck(type, address >>> 0));
    this.#maps.set(map.address, map);
    this.memory.setU32(map.address + layout.MAP_ID, this.#maps.size);
    const lock = spinLockOffset(spec);
    if (lock !== undefined) this.memory.setU32(map.address + layout.MAP_SPIN_LOCK, lock + 1);
    return map;
  }

  mapAt(address: number): RawMap | undefined {
    return this.#maps.get(address);
  }

  /** Where flow dissectors put what they find: one for all, as there is one run at a time. */
  get flowKeys(): FlowKeys {
    this.#flowKeys ??= new FlowKeys(this.memory);
    return this.#flowKeys;
  }

  contextSize(descriptor: number): number {
    return this.tailCalls.contextSize(descriptor);
  }

  /** Remembers which program a descriptor belongs to, for traps and for stepping. */
  addProgram(descriptor: number, program: DecodedProgram): void {
    this.#programs.set(descriptor, program);
  }

  /** What single-stepping needs of this engine. */
  get stepHost(): StepHost {
    const { exports, run } = this;
    const programAt = (descriptor: number) => this.#programs.get(descriptor);
    return { memory: this.memory.memory, exports, run, programAt };
  }

  get programCount(): number {
    return this.#programs.size;
  }

  assertOpen(): void {
    if (this.signal.closed) {
      throw new WebpfError('closed', 'this engine has been disposed of; open the object again', {
        stage: 'runtime',
      });
    }
  }

  trapOf(error: unknown): Caught {
    const thrown = this.helpers.takeThrown();
    const trap = readTrap(this.memory, this.run, (descriptor) => this.#programs.get(descriptor));
    if (trap) return { trap, cause: undefined };
    const [program, insn] = [this.#current(), this.memory.u32(this.run + layout.RUN_PC)];
    if (thrown) {
      const reason = `was stopped: a helper of the host's own threw: ${String(thrown.cause)}`;
      return { trap: trapAt('host', program, insn, reason), cause: thrown.cause };
    }
    const reason = error instanceof Error ? error.message : String(error);
    return { trap: trapAt('memory', program, insn, `was stopped: ${reason}`), cause: error };
  }

  /** Ends every reader; the memory goes when nothing refers to it any more. */
  [Symbol.dispose](): void {
    this.signal.close();
  }

  #configure(options: EngineOptions): void {
    const budget = positive('budget', options.budget ?? DEFAULT_BUDGET, Number.MAX_SAFE_INTEGER);
    this.memory.setU64(this.run + layout.RUN_BUDGET, BigInt(budget));
    if (options.seed !== undefined) {
      this.memory.setU64(this.run + layout.RUN_RANDOM, unsigned64('option seed', options.seed) || 1n);
    }
    if (options.time !== undefined) this.time = options.time;
    writeTask(this.memory, options.task ?? {});
  }

  /**
   * Lets the programs that use a prog_array lead to the program; false when the prog_array is for another kind.
   * @throws WebpfError 'bad-argument' when events under way would be too short for it
   */
  connectTailCall(map: number, program: number): boolean {
    if (this.running && this.tailCalls.lengthens(map, program)) {
      throw badArgument(
        'while a program runs, its prog_array cannot be given a program that accesses more of the context: set it before',
      );
    }
    return this.tailCalls.join(map, program);
  }

  #current(): DecodedProgram | undefined {
    return this.#programs.get(this.memory.u32(this.run + layout.RUN_PROG));
  }

  /** Which references the map may hold: maps, and programs of the right kind, that are this engine's. */
  #referenceCheck(type: number, map: number): ((reference: number) => boolean) | undefined {
    if (isProgramArray(type)) {
      return (reference) => this.#programs.has(reference) && this.connectTailCall(map, reference);
    }
    return isMapOfMaps(type) ? (reference) => this.#maps.has(reference) : undefined;
  }
}

const shape = (spec: MapSpec): string =>
  `type ${spec.type}, key ${spec.keySize} bytes, value ${spec.valueSize} bytes, max_entries ${spec.maxEntries}, flags 0x${spec.flags.toString(16)}`;

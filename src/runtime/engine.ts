import * as layout from '../abi/layout.ts';
import { ARENA_PAGE, BPF_F_RDONLY_PROG, EINVAL, MAP_TYPE_ARENA, MAP_TYPE_BLOOM_FILTER } from '../abi/maps.ts';
import type { WasmMemory, WasmModule } from '../abi/runtime.ts';
import { WebpfError } from '../errors.ts';
import type { MapSpec, Program } from '../frontend/program.ts';
import type { StepHost, StepProgram } from '../interp/stepper.ts';
import type { Optimize } from '../jit/opt/names.ts';
import { decodePositions, type Positions } from '../jit/positions.ts';
import type { ProofMode } from '../verifier/proof.ts';
import { Arena } from './arena.ts';
import { badArgument, integer, oneOf, unsigned64 } from './argument.ts';
import { systemClocks } from './clock.ts';
import { ContextTemplates } from './context.ts';
import { type ReadPerfCounter, serveCounters } from './counters.ts';
import { mapError } from './errno.ts';
import { EventMemory } from './events/memory.ts';
import { FlowKeys } from './flowKeys.ts';
import { slotOfStack } from './frames.ts';
import { HelperTable, type HostHelpers } from './helpers.ts';
import type { Caught, RunHost } from './host.ts';
import { KfuncTable } from './kfuncs.ts';
import { isMapOfMaps, isProgramArray } from './maps/kinds.ts';
import { laterFields } from './maps/later.ts';
import { RawMap } from './maps/raw.ts';
import { type RingHost, TraceLog } from './maps/ring.ts';
import { spinLockOffset } from './maps/spinLock.ts';
import { LinearMemory } from './memory.ts';
import { Network } from './network/network.ts';
import { hasNetwork } from './network/tables.ts';
import type { HostObject } from './objects/object.ts';
import { SeqFile } from './objects/seqFile.ts';
import { type ObjectDefinition, ObjectTable } from './objects/table.ts';
import type { Profile, ProfileEntry } from './profile.ts';
import type { AttachOptions, LoadedProgram, SharedEngine } from './share/types.ts';
import { Signal } from './signal.ts';
import { Snapshots } from './snapshots.ts';
import { type SocketCalls, serveSocketCalls } from './sockets/calls.ts';
import { type Socket, type SocketDefinition, Sockets } from './sockets/socket.ts';
import { Streams } from './streams.ts';
import { type ContextNeeds, TailCalls } from './tailCalls.ts';

import { type Task, writeTask } from './task.ts';
import { type TimerErrorHandler, Timers } from './timers.ts';
import { makeCurrentTask, serveTasks, type TaskHost } from './traced.ts';
import { readTrap, trapAt } from './trap.ts';
import {
  createMemory,
  type Exports,
  instantiateRuntime,
  type MemoryKind,
  type RuntimeSource,
  runtimeModule,
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
  /**
   * True: how often each instruction is executed is counted, for {@link BpfProgram.profile}. Needs the JIT. Default
   * false.
   */
  readonly profile?: boolean;
  /** False: programs are translated without optimisations. Some can be left out by name. Default true. */
  readonly optimize?: Optimize;
  /** Instructions a run may take in the sandbox, counted at backward jumps and calls. Default 100 million. */
  readonly budget?: number;
  /** CPUs that per-CPU maps have values for. Default 1. */
  readonly cpus?: number;
  /** The CPU programs run on, from 0. Default 0. */
  readonly cpu?: number;
  /** `shared` memory can be posted to workers. Default `plain`. */
  readonly memory?: MemoryKind;
  /** Most linear memory the engine may take, in bytes. Default almost 4 GiB (plain) or 1 GiB (shared). */
  readonly maxMemory?: number;
  /** Helpers of the host's own. */
  readonly helpers?: HostHelpers;
  /** A fixed time in ns for every clock helper; without it they read the system's clocks. See {@link Engine.time}. */
  readonly time?: bigint;
  /**
   * Takes what timer callbacks were stopped by (a WebpfError of code 'trap') where the engine ran them by itself.
   * Without it such an error is thrown to nobody: the process ends, as for errors in callbacks of setTimeout.
   */
  readonly onTimerError?: TimerErrorHandler;
  /** Seed of bpf_get_prandom_u32. Default: fixed, so that runs can be repeated. */
  readonly seed?: bigint;
  /** The task that bpf_get_current_pid_tgid, _uid_gid and _comm report. Default: this process. */
  readonly task?: Partial<Task>;
  /** What programs read of perf counters: without it there are none (-ENOENT). */
  readonly perfCounter?: ReadPerfCounter;
  /** What programs may do to sockets (bpf_setsockopt, bpf_getsockopt, bpf_bind): without it, nothing (-EINVAL). */
  readonly sockets?: SocketCalls;
  /** What programs may do to tasks: without it they may not (-EPERM). */
  readonly tasks?: TaskHost;
  /** The compiled runtime for the kind of memory, where it is not found beside the code: in a bundle, say. */
  readonly runtime?: RuntimeSource;
}

const GiB = 2 ** 30;
const DEFAULT_BUDGET = 100_000_000;
const DEFAULT_MAX_MEMORY = { plain: 4 * GiB, shared: GiB } as const;

/** How often readers of rings look for what other threads have written, ms. */
const POLL_INTERVAL = 2;

/** What engines are put together from. */
/** Bits of map_extra that bloom filters know: the number of hash functions. */
const BLOOM_EXTRA = 0xfn;

/** Where a user has an arena mapped: its place in 4 GiB counts. Here pointers are addresses in linear memory, wherever. */
function arenaExtra(name: string, start: bigint): number {
  if (start % BigInt(ARENA_PAGE) !== 0n) throw mapError(name, `creation with map_extra ${start}`, -EINVAL);
  return Number(BigInt.asUintN(32, start));
}

/** map_extra, of the types that have one. */
function extraOf({ name, type, mapExtra = 0n }: MapSpec): number {
  if (type === MAP_TYPE_ARENA) return arenaExtra(name, mapExtra);
  const known = type === MAP_TYPE_BLOOM_FILTER ? BLOOM_EXTRA : 0n;
  if ((mapExtra & ~known) !== 0n) throw mapError(name, `creation with map_extra ${mapExtra}`, -EINVAL);
  return Number(mapExtra);
}

/** Batches are counted by 31 bits. */
const MAX_BATCH = 0x7fffffff;

interface EngineParts {
  readonly memory: LinearMemory;
  readonly exports: Exports;
  readonly helpers: HelperTable;
}

async function assemble(
  kind: MemoryKind,
  memory: WasmMemory,
  runtime: WasmModule,
  own: HostHelpers | undefined,
): Promise<EngineParts> {
  const bound: { exports?: Exports } = {};
  const helpers = new HelperTable(() => {
    if (!bound.exports) throw new Error('the runtime is not instantiated yet');
    return bound.exports;
  });
  bound.exports = await instantiateRuntime(runtime, { memory, ...systemClocks, hostHelper: helpers.call });
  if (own !== undefined) helpers.add(own, await import('./helperRules.ts'));
  return { memory: new LinearMemory(memory, kind, bound.exports), exports: bound.exports, helpers };
}

/** Two engines with one run state would overwrite each other's stack. */
function claimCpu({ words }: LinearMemory, run: number, cpu: number): void {
  if (Atomics.compareExchange(words, (run + layout.RUN_CLAIMED) >>> 2, 0, 1) === 0) return;
  throw badArgument(
    `CPU ${cpu} is in use by another engine in this memory: give each worker its own (option cpu), or dispose of the other's object first`,
  );
}

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
  /** Executions are counted. */
  readonly counts: boolean;
  readonly optimize: Optimize;
  readonly memory: LinearMemory;
  readonly exports: Exports;
  readonly run: number;
  readonly arena: Arena;
  readonly templates: ContextTemplates;
  readonly eventMemory: EventMemory;
  readonly objects: ObjectTable;
  /** What programs print to their own streams: see {@link BpfProgram.readStream}. */
  readonly streams: Streams;
  readonly snapshots: Snapshots;
  readonly sockets: Sockets;
  /**
   * The task that programs see as the current one unless a run has another (`context.traced.task`); it has no members.
   * undefined in engines of other threads ({@link Engine.attach}).
   */
  readonly currentTask: HostObject | undefined;
  readonly signal: Signal;
  readonly cpus: number;
  readonly helpers: HelperTable;
  readonly kfuncs: KfuncTable;
  readonly timers: Timers;
  /** Where ring readers are told the length of a record. */
  readonly lengthOut: number;
  running = false;
  readonly tailCalls = new TailCalls();
  /** What its programs run as, by descriptor: what other threads need to run them too. */
  readonly loaded = new Map<number, LoadedProgram>();
  /** Indexes of the runtime's table that unloaded programs have left. */
  readonly freeIndexes: number[] = [];
  readonly #maps = new Map<number, RawMap>();
  readonly #attached: boolean;
  #isShared: boolean;
  readonly #programs = new Map<number, DecodedProgram>();
  readonly #profiles = new Map<number, Profile>();
  readonly #positions = new Map<number, Uint8Array | Positions>();
  #lastProgram = 0;
  #lastMap = 0;
  #trace: TraceLog | undefined;
  #network: Network | undefined;
  #flowKeys: FlowKeys | undefined;

  /** @param attached to memory that another engine has laid out, and shares */
  #batch = 0;

  private constructor(options: EngineOptions, { memory, exports, helpers }: EngineParts, attached: boolean) {
    this.kind = oneOf('option engine', options.engine ?? 'jit', ['jit', 'interp', 'auto']);
    this.mode = modeOf(options);
    this.checkFacts = options.checkFacts ?? false;
    if (this.checkFacts && (this.kind !== 'interp' || this.mode === 'trusted')) {
      throw badArgument("option checkFacts needs the interpreter: engine: 'interp', not trusted");
    }
    this.counts = options.profile ?? false;
    if (this.counts && this.kind !== 'jit') {
      throw badArgument("option profile needs the JIT: engine: 'jit'");
    }
    this.optimize = options.optimize ?? true;
    this.memory = memory;
    this.exports = exports;
    this.helpers = helpers;
    this.kfuncs = new KfuncTable(exports);
    this.timers = new Timers(this, options.onTimerError);
    this.#attached = attached;
    this.#isShared = attached;
    this.signal = new Signal(memory.kind === 'shared' ? POLL_INTERVAL : undefined);
    this.cpus = positive('cpus', options.cpus ?? 1, 256);
    if (!attached) exports.init(this.cpus);
    const cpu = integer('option cpu', options.cpu ?? 0, 0, this.cpus - 1);
    this.run = exports.attach(cpu) >>> 0;
    if (memory.kind === 'shared') claimCpu(memory, this.run, cpu);
    this.arena = new Arena(memory);
    this.templates = new ContextTemplates(memory, this.run);
    this.objects = new ObjectTable({ memory, exports }, undefined, this.cpus);
    this.eventMemory = new EventMemory(memory, this.run);
    this.snapshots = new Snapshots(memory);
    this.sockets = new Sockets({ memory, exports });
    this.lengthOut = memory.alloc(8);
    helpers.bindMemory(memory, this.run, (program) => this.tailCalls.kindOf(program));
    this.#configure(options);
    serveTasks(helpers, memory, options.tasks ?? {});
    this.streams = new Streams(helpers, memory);
    serveSocketCalls(
      helpers,
      memory,
      (address) => this.sockets.at(address) ?? this.objects.at(address),
      options.sockets ?? {},
    );
    serveCounters(helpers, memory, (address) => this.mapAt(address), options.perfCounter);
    this.currentTask = attached ? undefined : makeCurrentTask(memory, this.objects);
    if (hasNetwork(memory)) this.#network = new Network(this, helpers);
  }

  static async create(options: EngineOptions = {}): Promise<Engine> {
    const kind = oneOf('option memory', options.memory ?? 'plain', ['plain', 'shared']);
    const memory = createMemory(
      kind,
      positive('maxMemory', options.maxMemory ?? DEFAULT_MAX_MEMORY[kind], 4 * GiB),
    );
    return new Engine(
      options,
      await assemble(kind, memory, await runtimeModule(kind, options.runtime), options.helpers),
      false,
    );
  }

  /** An engine of this thread in memory that an engine of another thread shares, with a run state of its own. */
  static async attach(shared: SharedEngine, options: AttachOptions): Promise<Engine> {
    const { memory, runtime, engine, mode, budget, cpus } = shared;
    const parts = await assemble('shared', memory, runtime, options.helpers);
    const modes = { sandbox: mode === 'sandbox', trusted: mode === 'trusted' };
    const { cpu, seed } = options;
    return new Engine(
      { engine, ...modes, budget, cpus, cpu, ...(seed !== undefined && { seed }) },
      parts,
      true,
    );
  }

  /** What an engine of another thread attaches to. From now on neither may load programs or make maps. */
  async share(): Promise<SharedEngine> {
    this.assertOpen();
    const { memory, kind: engine, mode, cpus, run } = this;
    if (memory.kind !== 'shared' || this.checkFacts) {
      const why = this.checkFacts ? 'checkFacts is for one thread' : 'its memory is for one thread';
      throw badArgument(`this engine cannot be shared: ${why}: open it with memory: 'shared'`);
    }
    this.#isShared = true;
    const budget = Number(memory.u64(run + layout.RUN_BUDGET));
    return {
      memory: memory.memory,
      runtime: await runtimeModule('shared'),
      engine,
      mode,
      budget,
      cpus,
    };
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

  /**
   * Lets virtual time go on by `ns`: timers and work of programs that are due until then run in the order of their times,
   * each with the clock at its time. What a callback arms without a delay is due a nanosecond later.
   * @returns how many callbacks ran
   * @throws WebpfError 'bad-argument' without a virtual clock (option `time`), or while a program runs; 'trap' where a
   * callback was stopped: the clock then stands where it was, and what is left can be run by advancing again
   */
  advance(ns: bigint): number {
    return this.timers.advance(ns);
  }

  /**
   * Runs timers and work of programs that are due now; what callbacks arm meanwhile waits for the next time. An engine with
   * the system's clocks does so by itself (setTimeout), which keeps no process alive.
   * @returns how many callbacks ran
   * @throws WebpfError as `advance`
   */
  runTimers(): number {
    return this.timers.run();
  }

  /**
   * The host's network: interfaces, routes and neighbours that programs look up, and send copies of packets by.
   * @example
   * engine.network.setDevice({ ifindex: 2, mac: '02:00:00:00:00:02', transmit: ({ packet }) => send(packet) });
   * engine.network.setRoute({ to: '192.0.2.0/24', device: 2 });
   * engine.network.setNeighbour({ device: 2, address: '192.0.2.7', mac: '02:00:00:00:00:07' });
   * @throws WebpfError 'bad-argument' at first use where the memory is shared already: use it before share()
   */
  get network(): Network {
    this.assertOpen();
    this.#network ??= new Network(this, this.helpers);
    return this.#network;
  }

  /**
   * A socket that programs can look up (unless told otherwise), and that contexts lead to.
   * @example
   * using listener = engine.socket({ srcIp: '127.0.0.1', srcPort: 80 });
   * @throws WebpfError 'bad-argument' for values that no socket has; 'out-of-memory'
   */
  socket(definition: SocketDefinition): Socket {
    this.assertOpen();
    return this.sockets.create(definition);
  }

  /**
   * An object that programs may be given a pointer to: a task, a cgroup, a socket, or any other structure of the host's
   * types.
   * @example
   * using sock = engine.object({ kind: 'sock', fields: { family: 2, src_port: 443 } });
   */
  object(definition: ObjectDefinition): HostObject {
    this.assertOpen();
    return this.objects.create(definition);
  }

  /** A file that iterators print to: see {@link iterate}. @param room bytes. Default 32768 */
  seqFile(room?: number): SeqFile {
    this.assertOpen();
    return new SeqFile({ memory: this.memory, exports: this.exports }, room);
  }

  /** What programs print with bpf_trace_printk. */
  get trace(): TraceLog {
    this.#trace ??= new TraceLog(this, this.memory.u32(layout.HEADER + layout.HDR_PRINTK));
    return this.#trace;
  }

  /**
   * @param extra of maps of maps the address of a map of the inner shape, where there is one already; of others map_extra
   * @throws WebpfError 'map-operation' when the kernel would refuse such a map (`errno`), or webpf lacks its type.
   */
  createMap(spec: MapSpec, extra = 0): RawMap {
    this.assertOpen();
    this.assertOwn('make maps');
    if (spec.inner !== undefined && extra === 0) return this.#createLike(spec, spec.inner);
    const { type, keySize, valueSize, maxEntries } = spec;
    // The verifier takes frozen data for constants: no program may write it, a sandboxed one neither.
    const flags = spec.frozen ? spec.flags | BPF_F_RDONLY_PROG : spec.flags;
    const address = this.exports.mapCreate(
      type,
      keySize,
      valueSize,
      maxEntries,
      flags,
      extra || extraOf(spec),
    );
    if (address < 0 && address > -4096) throw mapError(spec.name, `creation (${shape(spec)})`, address);
    const map = this.adoptMap(spec, address >>> 0);
    this.memory.setU32(map.address + layout.MAP_ID, ++this.#lastMap);
    const lock = spinLockOffset(spec);
    if (lock !== undefined) this.memory.setU32(map.address + layout.MAP_SPIN_LOCK, lock + 1);
    this.memory.setU32(map.address + layout.MAP_LATER, laterFields(this.memory, spec));
    return map;
  }

  /** A map of maps takes the shape of the inner ones from a template, which it has no use for afterwards. */
  #createLike(spec: MapSpec, inner: MapSpec): RawMap {
    const template = this.createMap(inner);
    try {
      return this.createMap(spec, template.address);
    } finally {
      this.destroyMap(template);
    }
  }

  /** A map that is in memory already. */
  adoptMap(spec: MapSpec, address: number): RawMap {
    const map = new RawMap(spec, address, this, this.#referenceCheck(spec.type, address));
    this.#maps.set(address, map);
    return map;
  }

  /** A batch begins: what other threads take out of maps stays readable until it, or its run, ends. */
  enter(): void {
    if (this.memory.kind !== 'shared') return;
    this.#batch = (this.#batch + 1) & MAX_BATCH || 1;
    this.memory.setU32(this.run + layout.RUN_WAITS, 0);
    Atomics.store(this.memory.words, (this.run + layout.RUN_BATCH) >>> 2, this.#batch);
  }

  leave(): void {
    if (this.memory.kind !== 'shared') return;
    Atomics.store(this.memory.words, (this.run + layout.RUN_BATCH) >>> 2, 0);
  }

  /** All maps in this memory. */
  get maps(): Iterable<RawMap> {
    return this.#maps.values();
  }

  mapAt(address: number): RawMap | undefined {
    return this.#maps.get(address);
  }

  /** Where flow dissectors put what they find: one for all, as there is one run at a time. */
  get flowKeys(): FlowKeys {
    this.#flowKeys ??= new FlowKeys(this.memory);
    return this.#flowKeys;
  }

  needsOf(descriptor: number): ContextNeeds {
    return this.tailCalls.needsOf(descriptor);
  }

  /** Remembers which program a descriptor belongs to, for traps and for stepping. */
  addProgram(descriptor: number, program: DecodedProgram): void {
    this.#programs.set(descriptor, program);
  }

  /** Remembers where the code of a translated program's instructions is, as its artifact has it. */
  addPositions(descriptor: number, positions: Uint8Array): void {
    this.#positions.set(descriptor, positions);
  }

  /** Keeps the counters of a program; returns their address. */
  addProfile(descriptor: number, profile: Profile): number {
    this.#profiles.set(descriptor, profile);
    return profile.counters;
  }

  /** How often each instruction of its programs was executed; nothing unless that is counted. */
  profile(): ProfileEntry[] {
    return [...this.#profiles.values()].flatMap((profile) => profile.entries());
  }

  profileOf(descriptor: number): readonly ProfileEntry[] | undefined {
    return this.#profiles.get(descriptor)?.entries();
  }

  /** What single-stepping needs of this engine. */
  get stepHost(): StepHost {
    const { exports, run } = this;
    const programAt = (descriptor: number) => this.#programs.get(descriptor);
    return { memory: this.memory.memory, exports, run, programAt };
  }

  /** A number for the next program, which none had before. */
  nextProgramId(): number {
    return ++this.#lastProgram;
  }

  /** Takes back all that is known of a program whose memory is about to go. */
  forgetProgram(descriptor: number): void {
    this.#programs.delete(descriptor);
    this.#positions.delete(descriptor);
    this.memory.free(this.#profiles.get(descriptor)?.counters ?? 0);
    this.#profiles.delete(descriptor);
    this.tailCalls.remove(descriptor);
    this.loaded.delete(descriptor);
  }

  /**
   * The host is done with the map, which no program may use any more: its memory goes, as soon as no map of maps holds
   * it either.
   */
  destroyMap(map: RawMap): void {
    this.assertOwn('take maps away');
    this.#maps.delete(map.address);
    this.tailCalls.remove(map.address);
    map.dispose();
    this.exports.mapDestroy(map.address);
  }

  assertOpen(): void {
    if (this.signal.closed) {
      throw new WebpfError('closed', 'this engine has been disposed of; open the object again', {
        stage: 'runtime',
      });
    }
  }

  /** @throws WebpfError 'bad-argument' once memory is shared: other threads would not know of what is new. */
  assertOwn(what: string): void {
    if (!this.#isShared) return;
    throw badArgument(`an engine whose memory is shared cannot ${what}: do it before share()`);
  }

  trapOf(error: unknown): Caught {
    const caught = this.#catch(error);
    this.#profiles.get(this.memory.u32(this.run + layout.RUN_PROG))?.stoppedAt(caught.trap.insn);
    return caught;
  }

  #catch(error: unknown): Caught {
    const thrown = this.helpers.takeThrown();
    const trap = readTrap(this.memory, this.run, (descriptor) => this.#programs.get(descriptor));
    if (trap) return { trap, cause: undefined };
    const program = this.#current();
    const called = this.memory.u32(this.run + layout.RUN_PC);
    if (thrown) {
      const reason = `was stopped: a helper of the host's own threw: ${String(thrown.cause)}`;
      return { trap: trapAt('host', program, called, reason), cause: thrown.cause };
    }
    const insn = this.#slotOf(error) ?? called;
    const reason = error instanceof Error ? error.message : String(error);
    return { trap: trapAt('memory', program, insn, `was stopped: ${reason}`), cause: error };
  }

  /** Ends every reader; the memory goes when nothing refers to it any more. */
  [Symbol.dispose](): void {
    if (this.signal.closed) return;
    this.signal.close();
    this.timers.close();
    if (this.memory.kind === 'shared') this.memory.setU32(this.run + layout.RUN_CLAIMED, 0);
    if (!this.#attached) return;
    this.arena.dispose();
    this.eventMemory.dispose();
    this.memory.free(this.lengthOut);
  }

  #configure(options: EngineOptions): void {
    const budget = positive('budget', options.budget ?? DEFAULT_BUDGET, Number.MAX_SAFE_INTEGER);
    this.memory.setU64(this.run + layout.RUN_BUDGET, BigInt(budget));
    if (options.seed !== undefined) {
      this.memory.setU64(this.run + layout.RUN_RANDOM, unsigned64('option seed', options.seed) || 1n);
    }
    if (this.#attached) return; // clock and task are in the header: the first engine has set them
    if (options.time !== undefined) this.time = options.time;
    writeTask(this.memory, options.task ?? {});
  }

  /**
   * Lets the programs that use a prog_array lead to the program; false when the prog_array is for another kind.
   * @throws WebpfError 'bad-argument' when events under way would be too short for it
   */
  connectTailCall(map: number, program: number): boolean {
    if (this.tailCalls.lengthens(map, program)) this.assertOwn('let tail calls lead to longer contexts');
    if (this.running && this.tailCalls.lengthens(map, program)) {
      throw badArgument(
        'while a program runs, its prog_array cannot be given a program that accesses more of the context: set it before',
      );
    }
    return this.tailCalls.join(map, program);
  }

  /** Where the running program was when the error was thrown, as far as its stack trace tells. */
  #slotOf(error: unknown): number | undefined {
    const program = this.#current();
    const descriptor = this.memory.u32(this.run + layout.RUN_PROG);
    const known = this.#positions.get(descriptor);
    // The host may have its own idea of what a stack is (Error.prepareStackTrace).
    if (!program || !known || !(error instanceof Error) || typeof error.stack !== 'string') return undefined;
    const positions = known instanceof Uint8Array ? decodePositions(known) : known;
    this.#positions.set(descriptor, positions);
    return slotOfStack(error.stack, program, positions);
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

import * as layout from '../abi/layout.ts';
import { RUN_SOCKET_CHOSEN } from '../abi/sockets.ts';
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import type { Stepper } from '../interp/stepper.ts';
import type { ProofMode } from '../verifier/proof.ts';
import { BATCH_EVENTS } from './arena.ts';
import { badArgument, integer, packetBytes } from './argument.ts';
import { type BatchResult, Collector } from './batch.ts';
import { type ContextKind, NO_CONTEXT, type RunContext } from './context.ts';
import type { FlowKeys } from './flowKeys.ts';
import type { RunHost } from './host.ts';
import type { PacketBuffer } from './packetBuffer.ts';
import type { ProfileEntry } from './profile.ts';
import { type Extras, KeptResult, type Redirect, type RunResult } from './result.ts';
import type { Socket } from './sockets/socket.ts';
import { type Trap, trapError } from './trap.ts';
import { verdictKind, verdictsOf } from './verdict.ts';

/** What {@link BpfProgram.repeat} measured. */
export interface RepeatResult {
  readonly runs: number;
  /** Mean time of one run inside the engine, ns. */
  readonly nsPerRun: number;
}

export interface BatchOptions {
  readonly context?: RunContext;
  /** Also return each packet as the program left it. */
  readonly packets?: boolean;
}

/** What an engine (JIT or interpreter) runs a program with: `count` batch records from `record` on. */
export interface Executor {
  batch(record: number, count: number): void;
  /** Starts a run in single steps; the interpreter alone can. */
  debug?(record: number): Stepper;
  /** Where what it runs with changes. */
  readonly tiers?: TierState | undefined;
}

/** What a program is run with at the moment. */
export type Tier = 'interp' | 'jit';

/** A program that begins interpreted. */
export interface TierState {
  readonly tier: Tier;
  /** Why it stays interpreted; undefined while that is not so. */
  readonly note: string | undefined;
  /** What it ends up with. Keeps the process alive until then, once it is asked for. */
  settled(): Promise<Tier>;
}

/** Which program it is, and how it was loaded. */
export interface Identity {
  readonly id: number;
  readonly descriptor: number;
  /** Default: the sandbox. */
  readonly mode?: ProofMode | undefined;
  readonly flowKeys?: FlowKeys | undefined;
  /** No run changes its packet. Default false. */
  readonly leavesPackets?: boolean | undefined;
}

const EMPTY = new Uint8Array();
/** Fields of a batch record, by words. */
const DATA = layout.REC_DATA / 4;
const LENGTH = layout.REC_LEN / 4;
const META = layout.REC_META / 4;
const RESULT = layout.REC_RESULT / 4;

/** Events that run without a look at the host: a call that goes on for long stays in the code it has begun with. */
const PIECE = 1024;

const word = (words: Int32Array, index: number): number => (words[index] ?? 0) >>> 0;

/** A program ready to run. */
export class BpfProgram {
  readonly spec: Program;
  readonly contextKind: ContextKind;
  /** Address of the program descriptor in linear memory. */
  readonly descriptor: number;
  readonly id: number;
  /**
   * `verified`: the verifier has accepted it, and nothing is checked when it runs. `sandbox`: it is not verified (the
   * engine's option, or its type is not known); every access is checked. `trusted`: neither.
   */
  readonly mode: ProofMode;
  readonly #engine: RunHost;
  readonly #executor: Executor;
  readonly #flowKeys: FlowKeys | undefined;
  readonly #leavesPackets: boolean;
  readonly #verdicts: ((low: number) => string) | undefined;

  constructor(
    engine: RunHost,
    spec: Program,
    contextKind: ContextKind,
    identity: Identity,
    executor: Executor,
  ) {
    this.#engine = engine;
    this.spec = spec;
    this.contextKind = contextKind;
    this.id = identity.id;
    this.descriptor = identity.descriptor;
    this.mode = identity.mode ?? 'sandbox';
    this.#flowKeys = identity.flowKeys;
    this.#executor = executor;
    this.#leavesPackets = identity.leavesPackets ?? false;
    this.#verdicts = verdictsOf(verdictKind(spec));
  }

  get name(): string {
    return this.spec.name;
  }

  /** What it runs with now: in an engine of kind `auto`, `interp` until its translation has taken over. */
  get tier(): Tier {
    const { tiers, debug } = this.#executor;
    return tiers?.tier ?? (debug === undefined ? 'jit' : 'interp');
  }

  /** Why an engine of kind `auto` goes on to interpret it: what went wrong with its translation. */
  get tierNote(): string | undefined {
    return this.#executor.tiers?.note;
  }

  /**
   * Resolves when the program runs with what it will go on to run with: translated, or interpreted where `tierNote`
   * says why not. Asking for it has the translation begin at once, and keeps the process alive until it is there.
   */
  get optimized(): Promise<Tier> {
    return this.#executor.tiers?.settled() ?? Promise.resolve(this.tier);
  }

  /**
   * Runs the program once over a packet (or, for types without a packet context, over plain memory).
   * @throws WebpfError 'bad-argument' when plain memory is smaller than what a verified program accesses of it;
   * 'trap' when the program is stopped: message, instruction and source line say why.
   */
  run(data: Uint8Array = EMPTY, context: RunContext = NO_CONTEXT): RunResult {
    const engine = this.#engine;
    this.#enter(data, context);
    try {
      const { words } = engine.memory;
      const at = engine.arena.records >>> 2;
      const length = word(words, at + LENGTH);
      const before = engine.snapshots.take(word(words, at + DATA), length, words);
      this.#once();
      return this.#result(before, length);
    } finally {
      this.#leave();
    }
  }

  /**
   * Runs the program once, as `run` does, and returns nothing but the lower half of r0, unsigned: what the kernel calls
   * `retval`. What `run` keeps of the packet takes longer than a small program.
   * @throws WebpfError as `run`
   */
  retval(data: Uint8Array = EMPTY, context: RunContext = NO_CONTEXT): number {
    const { arena, memory } = this.#engine;
    this.#enter(data, context);
    try {
      this.#once();
      return word(memory.words, (arena.records >>> 2) + RESULT);
    } finally {
      this.#leave();
    }
  }

  /**
   * Runs the program `count` times over the same packet, which is not restored in between, as the `repeat` of
   * BPF_PROG_TEST_RUN does. Nothing but the program and its context is inside the time.
   * @throws WebpfError 'trap'
   */
  repeat(data: Uint8Array, count: number, context: RunContext = NO_CONTEXT): RepeatResult {
    integer('the count of runs', count, 1, Number.MAX_SAFE_INTEGER);
    const elapsed = this.#alone(context, () => this.#spend(this.#event(data), count));
    return { runs: count, nsPerRun: (elapsed * 1e6) / count };
  }

  /**
   * Starts a run that goes on an instruction at a time, with registers, memory and source lines visible. Needs the
   * interpreter (`engine: 'interp'`). The next run of any program in this engine ends it.
   */
  debug(data: Uint8Array = EMPTY, context: RunContext = NO_CONTEXT): Stepper {
    if (!this.#executor.debug) {
      const message = "single-stepping needs the interpreter: open the object with engine: 'interp'";
      throw new WebpfError('bad-argument', message, { stage: 'runtime', subject: this.name });
    }
    this.#begin(context);
    this.#engine.arena.add(this.contextKind, this.#event(data));
    this.#flowKeys?.reset(this.#engine.arena.record(0));
    return this.#executor.debug(this.#engine.arena.record(0));
  }

  /** Runs the program over many packets. A trap ends only the event it happens in. */
  runBatch(packets: Iterable<Uint8Array>, options: BatchOptions = {}): BatchResult {
    const { arena } = this.#engine;
    return this.#alone(options.context ?? NO_CONTEXT, () => {
      const collector = new Collector(this.spec, options.packets === true);
      for (const packet of packets) {
        if (arena.add(this.contextKind, this.#event(packet))) continue;
        this.#flush(collector);
        arena.add(this.contextKind, packet);
      }
      this.#flush(collector);
      return collector.result();
    });
  }

  /**
   * How often each of its instructions was executed in all runs so far, those of programs that tail-called it included.
   * Needs an engine that counts (`profile: true`).
   */
  profile(): readonly ProfileEntry[] {
    const entries = this.#engine.profileOf(this.descriptor);
    if (entries) return entries;
    throw badArgument(`executions of ${this.name} are not counted: open the object with profile: true`);
  }

  /**
   * Runs the program over the packets of a buffer, where they are: nothing is copied, and programs change them there. A
   * later run begins with the packets as they were added, and with their bytes as they are by then. A link-layer header
   * that the program is not to see stands before its packets: add them from behind it, with `before`.
   * @throws WebpfError 'bad-argument' when the buffer is another engine's, or packets are too short (see `run`)
   */
  runBuffer(buffer: PacketBuffer, options: BatchOptions = {}): BatchResult {
    if (!buffer.isIn(this.#engine.memory)) throw badArgument('this packet buffer is one of another engine');
    if (this.contextKind === 'memory') this.#assertLength(buffer.shortest);
    return this.#alone(options.context ?? NO_CONTEXT, () => {
      const collector = new Collector(this.spec, options.packets === true);
      buffer.reset();
      for (let first = 0; first < buffer.count; first += PIECE) {
        const records = buffer.records + first * layout.REC_SIZE;
        this.#runRecords(collector, records, Math.min(PIECE, buffer.count - first));
      }
      return collector.result();
    });
  }

  /** Whether this program was opened in that engine. */
  isOf(engine: RunHost): boolean {
    return engine === this.#engine;
  }

  /** The bytes of an event, as many as a verified program takes for granted (the kernel's max_ctx_offset). */
  #event(data: Uint8Array): Uint8Array {
    const bytes = packetBytes(data);
    if (this.contextKind === 'memory') this.#assertLength(bytes.length);
    return bytes;
  }

  #assertLength(length: number): void {
    const needed = this.#engine.contextSize(this.descriptor);
    if (length >= needed) return;
    throw badArgument(
      `${this.name} accesses ${needed} bytes of its context, but is given ${length}: pass at least ${needed}`,
    );
  }

  /** Does work with the engine's one run state, which a run from within (a helper's, an iterable's) would overwrite. */
  #alone<T>(context: RunContext, work: () => T): T {
    const engine = this.#engine;
    this.#begin(context);
    engine.running = true;
    try {
      return work();
    } finally {
      this.#leave();
    }
  }

  /** Lays out one event; from here to #leave the engine's run state and arena are this run's. */
  #enter(data: Uint8Array, context: RunContext): void {
    const engine = this.#engine;
    const event = this.#event(data);
    this.#begin(context);
    engine.arena.one(this.contextKind, event);
    engine.running = true;
  }

  #leave(): void {
    this.#engine.running = false;
    this.#engine.signal.notify();
  }

  #once(): void {
    const trapped = this.#execute(this.#engine.arena.records, 1);
    if (trapped) throw trapError(trapped.trap, trapped.cause);
  }

  /** Time of `count` runs, ms. */
  #spend(data: Uint8Array, count: number): number {
    const { arena } = this.#engine;
    arena.add(this.contextKind, data);
    let elapsed = 0;
    for (let left = count; left > 0; left -= BATCH_EVENTS) {
      arena.repeatFirst();
      const start = performance.now();
      const trapped = this.#execute(arena.records, Math.min(left, BATCH_EVENTS));
      elapsed += performance.now() - start;
      if (trapped) throw trapError(trapped.trap, trapped.cause);
    }
    return elapsed;
  }

  #begin(context: RunContext): void {
    const { arena, templates } = this.#engine;
    this.#engine.assertOpen();
    if (this.#engine.running) {
      throw badArgument(
        `${this.name} cannot run now: this engine is running a program already (open another engine for runs within runs)`,
      );
    }
    templates.write(this.contextKind, context);
    if (this.#flowKeys !== undefined) templates.setFlowKeys(this.#flowKeys.address);
    arena.clear();
    arena.pulled = this.contextKind === 'skb' ? (context.linkHeader ?? 0) : 0;
  }

  #flush(collector: Collector): void {
    const { arena } = this.#engine;
    this.#runRecords(collector, arena.records, arena.count);
    arena.clear();
  }

  #runRecords(collector: Collector, records: number, count: number): void {
    const start = performance.now();
    for (let first = 0; first < count; ) {
      const trapped = this.#execute(records + first * layout.REC_SIZE, count - first);
      if (!trapped) break;
      collector.trap(first + trapped.index, trapped.trap);
      first += trapped.index + 1;
    }
    collector.spent(performance.now() - start);
    collector.take(this.#engine.memory, records, count);
  }

  /** Runs `count` records from the address `records` on; undefined when none of them trapped. */
  #execute(records: number, count: number): { index: number; trap: Trap; cause: unknown } | undefined {
    const engine = this.#engine;
    engine.enter();
    try {
      this.#executor.batch(records, count);
      return undefined;
    } catch (error) {
      const index = engine.memory.u32(engine.run + layout.RUN_BATCH_INDEX);
      const { trap, cause } = engine.trapOf(error);
      const record = records + index * layout.REC_SIZE;
      engine.memory.setU32(record + layout.REC_TRAP, engine.memory.u32(engine.run + layout.RUN_TRAP) || 1);
      engine.memory.setU64(record + layout.REC_RESULT, 0n);
      return { index, trap, cause };
    } finally {
      engine.leave();
    }
  }

  /** What the run has left: its packet anew only where it is another than the copy made before it. */
  #result(before: number, lengthBefore: number): RunResult {
    const { memory, arena, snapshots } = this.#engine;
    const { words } = memory;
    const at = arena.records >>> 2;
    const data = word(words, at + DATA);
    const metaLength = data - word(words, at + META);
    const length = word(words, at + LENGTH) + metaLength;
    const low = words[at + RESULT] ?? 0;
    const verdict = this.#verdicts?.(low);
    const same =
      this.#leavesPackets ||
      (length === lengthBefore && metaLength === 0 && snapshots.holds(before, data, length, words));
    const start = same ? before : snapshots.take(data - metaLength, length, words);
    const high = words[at + RESULT + 1] ?? 0;
    const { chunk } = snapshots;
    return new KeptResult(low, high, verdict, chunk, start, length, metaLength, !same, this.#extras(verdict));
  }

  #extras(verdict: string | undefined): Extras | undefined {
    const isRedirect = verdict === 'XDP_REDIRECT' || verdict === 'TC_ACT_REDIRECT';
    const isSkb = this.contextKind === 'skb';
    if (!isRedirect && !isSkb) return undefined;
    return {
      redirect: isRedirect ? this.#redirect() : undefined,
      skb: isSkb ? this.#skb() : undefined,
      socket: isSkb ? this.#socket() : undefined,
      flowKeys: this.#flowKeys?.read(),
    };
  }

  #skb() {
    const { run, snapshots } = this.#engine;
    const start = snapshots.take(run + layout.RUN_CTX_AREA, layout.SKB_SIZE);
    return { chunk: snapshots.chunk, start };
  }

  #socket(): Socket | undefined {
    const { memory, run, sockets } = this.#engine;
    return sockets.at(memory.u32(run + RUN_SOCKET_CHOSEN));
  }

  #redirect(): Redirect {
    const { memory, run } = this.#engine;
    const map = memory.u32(run + layout.RUN_REDIRECT_MAP);
    return {
      index: memory.u32(run + layout.RUN_REDIRECT_INDEX),
      map: map === 0 ? undefined : this.#engine.mapAt(map)?.spec.name,
      flags: memory.u64(run + layout.RUN_REDIRECT_FLAGS),
    };
  }
}

import * as layout from '../abi/layout.ts';
import { RUN_SOCKET_CHOSEN } from '../abi/sockets.ts';
import { THROWN } from '../abi/traps.ts';
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import type { Stepper } from '../interp/stepper.ts';
import type { ProofMode } from '../verifier/proof.ts';
import { BATCH_EVENTS } from './arena.ts';
import { badArgument, integer, packetBytes } from './argument.ts';
import { type BatchResult, Collector } from './batch.ts';
import { type ContextKind, NO_CONTEXT, type RunContext } from './context.ts';
import { type EventPointer, type EventResult, hasMore, isEvent, type ProgramEvent } from './events/event.ts';
import { restorePointers } from './events/memory.ts';
import { checkNeeds } from './events/needs.ts';
import type { FlowKeys } from './flowKeys.ts';
import { readHook } from './hook.ts';
import type { RunHost } from './host.ts';
import { readNextHop } from './network/nextHop.ts';
import type { PacketBuffer } from './packetBuffer.ts';
import type { ProfileEntry } from './profile.ts';
import { type EventLeft, type Extras, KeptResult, type Redirect, type RunResult } from './result.ts';
import { readTunnel } from './skbState.ts';
import type { Socket } from './sockets/socket.ts';
import type { ProgramStream } from './streams.ts';

import { type Trap, trapError } from './trap.ts';
import { verdictKind, verdictsOf } from './verdict.ts';

/** What {@link BpfProgram.repeat} measured. */
export interface RepeatResult {
  readonly runs: number;
  /** Mean time of one run inside the engine, ns. */
  readonly nsPerRun: number;
}

/** What programs are run over: a packet or plain memory, or what a constructor of events has made. */
export type RunInput = Uint8Array | ProgramEvent;

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

const unloaded = (name: string): WebpfError =>
  new WebpfError('closed', `${name} has been unloaded: load it again`, { stage: 'runtime', subject: name });

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
  #closed = false;

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
   * Events have more than bytes: pointers to other memory, and fields that are read back (`event` of the result).
   * @throws WebpfError 'bad-argument' when plain memory is smaller than what a verified program accesses of it, or lacks
   * a pointer that the program loads of it; 'trap' when the program is stopped: message, instruction and source line say
   * why.
   */
  run(data?: Uint8Array, context?: RunContext): RunResult;
  run<Fields>(event: ProgramEvent<Fields>): EventResult<Fields>;
  run(input: RunInput): RunResult;
  run(input: RunInput = EMPTY, context: RunContext = NO_CONTEXT): RunResult {
    if (isEvent(input)) return this.#runEvent(input);
    this.#enter(input, context);
    try {
      const { start, length } = this.#before();
      this.#once();
      return this.#result(start, length);
    } finally {
      this.#leave();
    }
  }

  /**
   * Runs the program once, as `run` does, and returns nothing but the lower half of r0, unsigned: what the kernel calls
   * `retval`. What `run` keeps of the packet takes longer than a small program.
   * @throws WebpfError as `run`
   */
  retval(input: RunInput = EMPTY, context: RunContext = NO_CONTEXT): number {
    const { arena, memory } = this.#engine;
    this.#enter(input, context);
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
  repeat(input: RunInput, count: number, context: RunContext = NO_CONTEXT): RepeatResult {
    integer('the count of runs', count, 1, Number.MAX_SAFE_INTEGER);
    this.#enter(input, context);
    let elapsed: number;
    try {
      elapsed = this.#spend(count);
    } finally {
      this.#leave();
    }
    return { runs: count, nsPerRun: (elapsed * 1e6) / count };
  }

  /**
   * Takes what the program has printed with bpf_stream_printk since the last time: its own output, of which 100,000 bytes
   * wait to be read at most.
   */
  readStream(stream: ProgramStream): string {
    return new TextDecoder().decode(this.#engine.streams.read(this.descriptor, stream));
  }

  /**
   * Starts a run that goes on an instruction at a time, with registers, memory and source lines visible. Needs the
   * interpreter (`engine: 'interp'`). The next run of any program in this engine ends it.
   */
  debug(input: RunInput = EMPTY, context: RunContext = NO_CONTEXT): Stepper {
    if (!this.#executor.debug) {
      const message = "single-stepping needs the interpreter: open the object with engine: 'interp'";
      throw new WebpfError('bad-argument', message, { stage: 'runtime', subject: this.name });
    }
    this.#assertIdle();
    this.#layOut(input, context);
    this.#flowKeys?.reset(this.#engine.arena.record(0));
    return this.#executor.debug(this.#engine.arena.record(0));
  }

  /**
   * Runs the program over many packets, or events. A trap ends only the event it happens in. Events that have more than
   * their bytes are laid out one by one.
   */
  runBatch(inputs: Iterable<RunInput>, options: BatchOptions = {}): BatchResult {
    const { arena } = this.#engine;
    const context = options.context ?? NO_CONTEXT;
    return this.#alone(context, () => {
      const collector = new Collector(this.spec, options.packets === true);
      for (const input of inputs) {
        if (isEvent(input) && hasMore(input)) {
          this.#flush(collector);
          this.#layOut(input, context);
          this.#flush(collector);
          this.#reset(context);
          continue;
        }
        const packet = isEvent(input) ? input.data : input;
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
    if (this.contextKind === 'memory') this.#assertBuffer(buffer);
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

  /** It runs no more: what it was made of in linear memory is about to go. */
  close(): void {
    this.#closed = true;
  }

  /** Whether this program was opened in that engine. */
  isOf(engine: RunHost): boolean {
    return engine === this.#engine;
  }

  /** The bytes of an event, as many as a verified program takes for granted (the kernel's max_ctx_offset). */
  #event(data: Uint8Array, pointers?: readonly EventPointer[]): Uint8Array {
    const bytes = packetBytes(data);
    if (this.contextKind !== 'memory') return bytes;
    const { contextSize, contextPointers } = this.#engine.needsOf(this.descriptor);
    if (bytes.length < contextSize) this.#assertLength(bytes.length);
    if (contextPointers.length > 0) checkNeeds(this.name, contextPointers, bytes, pointers);
    return bytes;
  }

  #assertBuffer(buffer: PacketBuffer): void {
    this.#assertLength(buffer.shortest);
    const { contextPointers } = this.#engine.needsOf(this.descriptor);
    checkNeeds(this.name, contextPointers, EMPTY, []);
  }

  #assertLength(length: number): void {
    const needed = this.#engine.needsOf(this.descriptor).contextSize;
    if (length >= needed) return;
    throw badArgument(
      `${this.name} accesses ${needed} bytes of its context, but is given ${length}: pass at least ${needed}`,
    );
  }

  /** Does work with the engine's one run state, which a run from within (a helper's, an iterable's) would overwrite. */
  #alone<T>(context: RunContext, work: () => T): T {
    const engine = this.#engine;
    this.#assertIdle();
    this.#reset(context);
    engine.running = true;
    try {
      return work();
    } finally {
      this.#leave();
    }
  }

  /** Lays out one event; from here to #leave the engine's run state and arena are this run's. */
  #enter(input: RunInput, context: RunContext): void {
    this.#assertIdle();
    this.#layOut(input, context);
    this.#engine.running = true;
  }

  #layOut(input: RunInput, context: RunContext): void {
    this.#lay(input, context);
    if (isEvent(input)) this.#link(input);
  }

  /** The bytes alone. */
  #lay(input: RunInput, context: RunContext): void {
    const isMore = isEvent(input);
    if (isMore) this.#assertKind(input);
    const event = isMore ? this.#event(input.data, input.pointers) : this.#event(input);
    this.#reset((isMore ? input.context : undefined) ?? context);
    this.#engine.arena.one(this.contextKind, event);
  }

  /** What the event's pointers lead to. */
  #link(event: ProgramEvent): void {
    if (event.pointers === undefined || event.pointers.length === 0) return;
    const { eventMemory, templates } = this.#engine;
    if (this.contextKind === 'memory') eventMemory.place(event, this.#data(), event.data.length);
    else eventMemory.place(event, templates.pointers, layout.SKB_SIZE);
  }

  /** Where the only event's bytes are. */
  #data(): number {
    const { arena, memory } = this.#engine;
    return memory.u32(arena.records + layout.REC_DATA);
  }

  #assertKind({ kind, pointers }: ProgramEvent): void {
    if (kind !== this.contextKind) {
      throw badArgument(
        `${this.name} has events of kind ${this.contextKind}, but is given one of kind ${kind}: use the constructor for its type`,
      );
    }
    if (kind === 'xdp' && pointers !== undefined && pointers.length > 0)
      throw badArgument('struct xdp_md has no pointers but those to its packet');
  }

  #runEvent(event: ProgramEvent): RunResult {
    const engine = this.#engine;
    this.#assertIdle();
    this.#lay(event, NO_CONTEXT);
    engine.running = true;
    try {
      const { start, length } = this.#before();
      this.#link(event);
      this.#once();
      if (this.contextKind === 'memory') restorePointers(engine.memory, this.#data(), event);
      return this.#result(start, length, { read: event.read, pointed: engine.eventMemory.pointed() });
    } finally {
      this.#leave();
    }
  }

  /** The packet as it is before the run. */
  #before(): { readonly start: number; readonly length: number } {
    const { memory, arena, snapshots } = this.#engine;
    const { words } = memory;
    const at = arena.records >>> 2;
    const length = word(words, at + LENGTH);
    return { start: snapshots.take(word(words, at + DATA), length, words), length };
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
  #spend(count: number): number {
    const { arena } = this.#engine;
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

  #assertIdle(): void {
    this.#engine.assertOpen();
    if (this.#closed) throw unloaded(this.name);
    if (!this.#engine.running) return;
    throw badArgument(
      `${this.name} cannot run now: this engine is running a program already (open another engine for runs within runs)`,
    );
  }

  #reset(context: RunContext): void {
    const { arena, eventMemory, templates } = this.#engine;
    eventMemory.clear();
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
    let first = 0;
    try {
      while (first < count) first += this.#batch(records + first * layout.REC_SIZE, count - first);
      return undefined;
    } catch (error) {
      const index = first + engine.memory.u32(engine.run + layout.RUN_BATCH_INDEX);
      const { trap, cause } = engine.trapOf(error);
      const record = records + index * layout.REC_SIZE;
      engine.memory.setU32(record + layout.REC_TRAP, engine.memory.u32(engine.run + layout.RUN_TRAP) || 1);
      engine.memory.setU64(record + layout.REC_RESULT, 0n);
      return { index, trap, cause };
    } finally {
      engine.leave();
    }
  }

  /** Runs up to `count` records, to the one whose run ends by bpf_throw; returns how many. */
  #batch(records: number, count: number): number {
    const { memory, run } = this.#engine;
    try {
      this.#executor.batch(records, count);
      return count;
    } catch (error) {
      if (memory.u32(run + layout.RUN_TRAP) !== THROWN) throw error;
      const index = memory.u32(run + layout.RUN_BATCH_INDEX);
      memory.setU64(
        records + index * layout.REC_SIZE + layout.REC_RESULT,
        memory.u64(run + layout.RUN_TRAP_VALUE),
      );
      return index + 1;
    }
  }

  /** What the run has left: its packet anew only where it is another than the copy made before it. */
  #result(before: number, lengthBefore: number, event?: EventLeft): RunResult {
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
    return new KeptResult(
      low,
      high,
      verdict,
      chunk,
      start,
      length,
      metaLength,
      !same,
      this.#extras(verdict, event),
    );
  }

  #extras(verdict: string | undefined, event: EventLeft | undefined): Extras | undefined {
    const isRedirect = verdict === 'XDP_REDIRECT' || verdict === 'TC_ACT_REDIRECT';
    const isSkb = this.contextKind === 'skb';
    if (!isRedirect && !isSkb && event === undefined) return undefined;
    return {
      redirect: isRedirect ? this.#redirect() : undefined,
      skb: isSkb ? this.#skb() : undefined,
      socket: isSkb ? this.#socket() : undefined,
      tunnel: isSkb ? readTunnel(this.#engine.memory, this.#engine.run) : undefined,
      hook: this.contextKind === 'memory' ? readHook(this.#engine.memory, this.#engine.run) : undefined,
      flowKeys: this.#flowKeys?.read(),
      event,
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
      ...readNextHop(memory, run),
    };
  }
}

import * as layout from '../abi/layout.ts';
import { WebpfError } from '../errors.ts';
import type { Program } from '../frontend/program.ts';
import type { Stepper } from '../interp/stepper.ts';
import type { ProofMode } from '../verifier/proof.ts';
import { BATCH_EVENTS } from './arena.ts';
import { badArgument, integer, packetBytes } from './argument.ts';
import { type BatchResult, Collector } from './batch.ts';
import { equalBytes } from './bytes.ts';
import { type ContextKind, type RunContext, readSkb, type SkbContext, writeContext } from './context.ts';
import type { FlowKeys } from './flowKeys.ts';
import type { RunHost } from './host.ts';
import { type Trap, trapError } from './trap.ts';
import { verdictName } from './verdict.ts';

/** Where a redirect verdict sends the packet. */
export interface Redirect {
  /** Interface index (bpf_redirect) or key in the map (bpf_redirect_map). */
  readonly index: number;
  /** Name of the map; undefined for bpf_redirect. */
  readonly map: string | undefined;
  readonly flags: bigint;
}

/** What one run gives back. */
export interface RunResult {
  /** Unsigned 64 bits. */
  readonly r0: bigint;
  /** XDP_PASS, TC_ACT_SHOT, keep … by the program's type; r0 in decimal where the type names none. */
  readonly verdict: string;
  /** The packet (or memory) after the run: a copy. */
  readonly data: Uint8Array;
  readonly dataChanged: boolean;
  /** Bytes between data_meta and data, when the program made room for any. */
  readonly meta: Uint8Array;
  readonly redirect: Redirect | undefined;
  /** Fields of `struct __sk_buff` after the run; undefined for other contexts. */
  readonly context: Required<SkbContext> | undefined;
  /** The 56 bytes of `struct bpf_flow_keys` as a flow dissector left them; undefined for other programs. */
  readonly flowKeys: Uint8Array | undefined;
}

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
}

const EMPTY = new Uint8Array();
const NO_CONTEXT: RunContext = {};

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
    return this.#alone(context, () => {
      engine.arena.add(this.contextKind, this.#event(data));
      const trapped = this.#execute(0, 1);
      if (trapped) throw trapError(trapped.trap, trapped.cause);
      return this.#result(engine.arena.record(0), data);
    });
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

  /** Whether this program was opened in that engine. */
  isOf(engine: RunHost): boolean {
    return engine === this.#engine;
  }

  /** The bytes of an event, as many as a verified program takes for granted (the kernel's max_ctx_offset). */
  #event(data: Uint8Array): Uint8Array {
    const bytes = packetBytes(data);
    if (this.contextKind !== 'memory') return bytes;
    const needed = this.#engine.contextSize(this.descriptor);
    if (bytes.length >= needed) return bytes;
    throw badArgument(
      `${this.name} accesses ${needed} bytes of its context, but is given ${bytes.length}: pass at least ${needed}`,
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
      engine.running = false;
      engine.signal.notify();
    }
  }

  /** Time of `count` runs, ms. */
  #spend(data: Uint8Array, count: number): number {
    const { arena } = this.#engine;
    arena.add(this.contextKind, data);
    let elapsed = 0;
    for (let left = count; left > 0; left -= BATCH_EVENTS) {
      arena.repeatFirst();
      const start = performance.now();
      const trapped = this.#execute(0, Math.min(left, BATCH_EVENTS));
      elapsed += performance.now() - start;
      if (trapped) throw trapError(trapped.trap, trapped.cause);
    }
    return elapsed;
  }

  #begin(context: RunContext): void {
    const { memory, run, arena } = this.#engine;
    this.#engine.assertOpen();
    if (this.#engine.running) {
      throw badArgument(
        `${this.name} cannot run now: this engine is running a program already (open another engine for runs within runs)`,
      );
    }
    writeContext(memory, run, this.contextKind, context);
    const { address } = this.#flowKeys ?? {};
    if (address !== undefined) {
      memory.setU64(run + layout.RUN_SKB_TEMPLATE + layout.SKB_FLOW_KEYS, BigInt(address));
    }
    arena.clear();
    arena.pulled = this.contextKind === 'skb' ? (context.linkHeader ?? 0) : 0;
  }

  #flush(collector: Collector): void {
    const { arena, memory } = this.#engine;
    const { count } = arena;
    const start = performance.now();
    for (let first = 0; first < count; ) {
      const trapped = this.#execute(first, count - first);
      if (!trapped) break;
      collector.trap(first + trapped.index, trapped.trap);
      first += trapped.index + 1;
    }
    collector.spent(performance.now() - start);
    collector.take(memory.view, memory.bytes, arena.records, count);
    arena.clear();
  }

  /** Runs records [first, first + count); undefined when none of them trapped. */
  #execute(first: number, count: number): { index: number; trap: Trap; cause: unknown } | undefined {
    const engine = this.#engine;
    try {
      this.#executor.batch(engine.arena.record(first), count);
      return undefined;
    } catch (error) {
      const index = engine.memory.u32(engine.run + layout.RUN_BATCH_INDEX);
      const { trap, cause } = engine.trapOf(error);
      const record = engine.arena.record(first + index);
      engine.memory.setU32(record + layout.REC_TRAP, engine.memory.u32(engine.run + layout.RUN_TRAP) || 1);
      engine.memory.setU64(record + layout.REC_RESULT, 0n);
      return { index, trap, cause };
    }
  }

  #result(record: number, before: Uint8Array): RunResult {
    const { memory, run } = this.#engine;
    const data = memory.u32(record + layout.REC_DATA);
    const meta = memory.u32(record + layout.REC_META);
    const after = memory.read(data, memory.u32(record + layout.REC_LEN));
    const r0 = memory.u64(record + layout.REC_RESULT);
    const verdict = verdictName(this.spec.type, r0);
    return {
      r0,
      verdict,
      data: after,
      dataChanged: !equalBytes(before.subarray(this.#engine.arena.pulled), after),
      meta: memory.read(meta, Math.max(0, data - meta)),
      redirect: verdict.endsWith('_REDIRECT') ? this.#redirect() : undefined,
      context: this.contextKind === 'skb' ? readSkb(memory, run) : undefined,
      flowKeys: this.#flowKeys?.read(),
    };
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

/** Timers and work of programs, as the host drives them: callbacks run in the thread that calls, each as a run. */
import * as layout from '../abi/layout.ts';
import { helperId, TAIL_CALL } from '../isa/helpers.ts';
import { badArgument, unsigned64 } from './argument.ts';
import { systemClocks } from './clock.ts';
import type { Engine } from './engine.ts';
import type { Executor } from './program.ts';
import { trapError } from './trap.ts';

/** Takes what a callback was stopped by, where nobody waits for it. */
export type TimerErrorHandler = (error: unknown) => void;

const TIMER_START = helperId('timer_start') ?? 0;
const NS_PER_MS = 1_000_000n;
/** What setTimeout can wait, ms. */
const LONGEST = 0x7fff_ffffn;

/** The timers of an engine. */
export class Timers {
  readonly #engine: Engine;
  readonly #onError: TimerErrorHandler | undefined;
  #timeout: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: Engine, onError: TimerErrorHandler | undefined) {
    this.#engine = engine;
    this.#onError = onError;
  }

  /** Callbacks that are due now; see {@link Engine.runTimers}. */
  run(): number {
    const count = this.#runDue(this.#now());
    this.schedule();
    return count;
  }

  /** See {@link Engine.advance}. */
  advance(ns: bigint): number {
    const engine = this.#engine;
    const start = engine.time;
    if (start === undefined)
      throw badArgument('only a virtual clock can be advanced: open the engine with option time');
    const target = unsigned64('the time to advance to', start + unsigned64('the time to advance by', ns));
    let count = 0;
    for (let due = this.#due(); due !== undefined && due <= target; due = this.#due()) {
      const now = this.#now();
      // What a callback asks for at once is due a nanosecond later: time goes on whatever it does.
      const time = due > now ? due : count === 0 ? now : now + 1n;
      if (time > target) break;
      engine.time = time;
      count += this.#runDue(time);
    }
    engine.time = target;
    return count;
  }

  /** Sets the host's clock for the first that is due, where time passes by itself. It keeps no process alive. */
  readonly schedule = (): void => {
    const armed = this.#engine.memory.u32(layout.HEADER + layout.HDR_LATER_COUNT);
    if (armed === 0 && this.#timeout === undefined) return;
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    const due = this.#engine.signal.closed || this.#engine.time !== undefined ? undefined : this.#due();
    if (due === undefined) return;
    const left = (due - this.#now() + NS_PER_MS - 1n) / NS_PER_MS;
    const wait = left < 0n ? 0n : left < LONGEST ? left : LONGEST;
    this.#timeout = setTimeout(this.#ring, Number(wait));
    // Browsers have numbers here, and no processes.
    (this.#timeout as { unref?: () => void }).unref?.();
  };

  close(): void {
    clearTimeout(this.#timeout);
  }

  readonly #ring = (): void => {
    if (this.#engine.signal.closed) return;
    try {
      this.run();
    } catch (error) {
      this.schedule();
      if (this.#onError === undefined) throw error;
      this.#onError(error);
    }
  };

  /** Runs what is due at `now`, but not what is asked for meanwhile; how many callbacks that were. */
  #runDue(now: bigint): number {
    const { memory, exports } = this.#engine;
    const sequence = memory.u64(layout.HEADER + layout.HDR_LATER_SEQUENCE);
    let count = 0;
    this.#alone(() => {
      while (exports.laterRun(now, sequence) !== 0) count++;
    });
    return count;
  }

  #alone(work: () => void): void {
    const engine = this.#engine;
    engine.assertOpen();
    if (engine.running) throw badArgument('timers cannot run while a program runs: run them after it');
    engine.running = true;
    engine.enter();
    try {
      work();
    } catch (error) {
      const { trap, cause } = engine.trapOf(error);
      engine.exports.laterEnd();
      throw trapError(trap, cause);
    } finally {
      engine.leave();
      engine.running = false;
      engine.signal.notify();
    }
  }

  #due(): bigint | undefined {
    const due = this.#engine.exports.laterDue();
    return due < 0n ? undefined : due;
  }

  #now(): bigint {
    return this.#engine.time ?? BigInt(Math.floor(systemClocks.monotonic()));
  }
}

/** An executor that looks when the first timer is due, where the program may start one or lead to those that do. */
export function withTimers(
  { timers }: Engine,
  executor: Executor,
  helpers: Pick<ReadonlySet<number>, 'has'>,
  kfuncs: readonly string[],
): Executor {
  if (!helpers.has(TIMER_START) && !helpers.has(TAIL_CALL) && !kfuncs.includes('bpf_wq_start'))
    return executor;
  return {
    ...executor,
    batch: (record, count) => {
      try {
        executor.batch(record, count);
      } finally {
        timers.schedule();
      }
    },
  };
}

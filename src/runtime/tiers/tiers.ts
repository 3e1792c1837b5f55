/** A program that is interpreted until its translation is there, which a worker makes and warms meanwhile. */
import * as layout from '../../abi/layout.ts';
import type { Engine } from '../engine.ts';
import type { Executor, Tier, TierState } from '../program.ts';
import type { Optimizer, Pending } from '../tools.ts';
import type { Job, Made } from './job.ts';
import { Samples } from './samples.ts';

/** Interpreted so long (ms), a program is worth a worker: short runs are over before a translation could help. */
const PATIENCE = 50;
/** After so long (ms) it is translated however little it runs: the next event shall find it fast. */
const GRACE = 100;

type Batch = Executor['batch'];

/** What is made of a translation once it is there: the batch function that takes over. */
export interface Handover {
  readonly job: (samples: SharedArrayBuffer) => Job;
  readonly link: (wasm: Uint8Array, module: WebAssembly.Module) => Batch;
}

export class Tiers implements TierState {
  tier: Tier = 'interp';
  note: string | undefined;
  readonly #engine: Engine;
  readonly #optimizer: Optimizer;
  readonly #handover: Handover;
  readonly #samples = new Samples();
  readonly #settled: Promise<Tier>;
  #settle: (tier: Tier) => void = () => {};
  #batch: Batch;
  #pending: Pending | undefined;
  #isSettled = false;
  /** Time interpreted, ms. */
  #spent = 0;

  constructor(engine: Engine, optimizer: Optimizer, slow: Batch, handover: Handover) {
    this.#engine = engine;
    this.#optimizer = optimizer;
    this.#batch = slow;
    this.#handover = handover;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    setTimeout(() => this.#start(), GRACE).unref();
  }

  settled(): Promise<Tier> {
    this.#start();
    if (!this.#isSettled) this.#pending?.ref();
    return this.#settled;
  }

  /** Runs are not interrupted: what has become ready takes over with the next batch. */
  readonly batch: Batch = (record, count) => {
    if (!this.#isSettled && this.#pending) this.#optimizer.poll();
    if (this.#isSettled) return this.#batch(record, count);
    this.#take(record, count);
    const start = performance.now();
    try {
      this.#batch(record, count);
    } finally {
      this.#spent += performance.now() - start;
      if (this.#spent > PATIENCE) this.#start();
    }
  };

  #start(): void {
    if (this.#pending || this.#isSettled || this.#engine.signal.closed) return;
    try {
      const job = this.#handover.job(this.#samples.buffer);
      this.#pending = this.#optimizer.start(job, (made) => this.#finish(made));
    } catch (error) {
      this.#finish({ error: String(error) });
    }
  }

  #finish(made: Made): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#pending = undefined;
    if ('error' in made) this.note = made.error;
    else if (!this.#engine.signal.closed) this.#switch(made.wasm, made.module);
    this.#settle(this.tier);
  }

  #switch(wasm: Uint8Array, module: WebAssembly.Module): void {
    try {
      this.#batch = this.#handover.link(wasm, module);
      this.tier = 'jit';
    } catch (error) {
      this.note = String(error);
    }
  }

  #take(first: number, count: number): void {
    const { memory } = this.#engine;
    for (let i = 0; i < count && !this.#samples.isFull; i++) {
      const record = first + i * layout.REC_SIZE;
      const data = memory.u32(record + layout.REC_DATA);
      this.#samples.add(memory.read(data, memory.u32(record + layout.REC_LEN)));
    }
  }
}

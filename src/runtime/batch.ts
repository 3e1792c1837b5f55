import * as layout from '../abi/layout.ts';
import type { Program } from '../frontend/program.ts';
import { BATCH_EVENTS } from './arena.ts';
import type { LinearMemory } from './memory.ts';
import type { Trap } from './trap.ts';
import { verdictKind, verdictName } from './verdict.ts';

/** Fields of a batch record, by words. */
const RESULT = layout.REC_RESULT / 4;
const TRAP = layout.REC_TRAP / 4;
/** Values of r0 that verdicts have, from 0 on. */
const USUAL = 16;

/** What a batch gives back, by event. */
export interface BatchResult {
  readonly count: number;
  /** r0 of each event; 0 where it trapped. */
  readonly results: BigUint64Array;
  /** Number of events by verdict name; trapped events are not among them. */
  readonly verdicts: ReadonlyMap<string, number>;
  readonly traps: readonly (Trap & { readonly index: number })[];
  /** With `packets: true`. */
  readonly packets: readonly Uint8Array[] | undefined;
  /** Time inside the engine, ns: programs and their contexts, without the copying of packets. */
  readonly elapsedNs: number;
}

/** Gathers the results of a batch, event by event. */
export class Collector {
  readonly #spec: Program;
  readonly #packets: Uint8Array[] | undefined;
  readonly #traps: (Trap & { index: number })[] = [];
  /** Events by r0: a table for the values that verdicts have, and for what else there is. */
  readonly #usual = new Float64Array(USUAL);
  readonly #others = new Map<bigint, number>();
  #results = new BigUint64Array(BATCH_EVENTS);
  #count = 0;
  #elapsed = 0;

  constructor(spec: Program, packets: boolean) {
    this.#spec = spec;
    this.#packets = packets ? [] : undefined;
  }

  /** Adds to the time, ms. */
  spent(ms: number): void {
    this.#elapsed += ms;
  }

  trap(index: number, trap: Trap): void {
    this.#traps.push({ ...trap, index: this.#count + index });
  }

  take(memory: LinearMemory, records: number, count: number): void {
    this.#makeRoom(count);
    const { words } = memory;
    // By halves: a BigInt for each would cost more than the program.
    const halves = new Int32Array(this.#results.buffer);
    for (let i = 0; i < count; i++) {
      const at = (records + i * layout.REC_SIZE) >>> 2;
      const low = words[at + RESULT] ?? 0;
      const high = words[at + RESULT + 1] ?? 0;
      halves[2 * this.#count] = low;
      halves[2 * this.#count + 1] = high;
      if (words[at + TRAP] === 0) this.#tally(low, high, this.#count);
      this.#count++;
    }
    for (let i = 0; this.#packets && i < count; i++)
      this.#packets.push(packetOf(memory, records + i * layout.REC_SIZE));
  }

  result(): BatchResult {
    return {
      count: this.#count,
      results: this.#results.slice(0, this.#count),
      verdicts: this.#named(),
      traps: this.#traps,
      packets: this.#packets,
      elapsedNs: this.#elapsed * 1e6,
    };
  }

  #tally(low: number, high: number, index: number): void {
    if (high === 0 && low >= 0 && low < USUAL) {
      this.#usual[low] = (this.#usual[low] ?? 0) + 1;
      return;
    }
    const r0 = this.#results[index] ?? 0n;
    this.#others.set(r0, (this.#others.get(r0) ?? 0) + 1);
  }

  #named(): Map<string, number> {
    const usual = Array.from(this.#usual, (count, r0) => [BigInt(r0), count] as const);
    const verdicts = new Map<string, number>();
    for (const [r0, count] of [...usual, ...this.#others]) {
      if (count === 0) continue;
      const name = verdictName(verdictKind(this.#spec), r0);
      verdicts.set(name, (verdicts.get(name) ?? 0) + count);
    }
    return verdicts;
  }

  #makeRoom(count: number): void {
    if (this.#count + count <= this.#results.length) return;
    const larger = new BigUint64Array(Math.max(this.#results.length * 2, this.#count + count));
    larger.set(this.#results);
    this.#results = larger;
  }
}

function packetOf(memory: LinearMemory, record: number): Uint8Array {
  return memory.read(memory.u32(record + layout.REC_DATA), memory.u32(record + layout.REC_LEN));
}

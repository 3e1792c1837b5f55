import * as layout from '../abi/layout.ts';
import type { Program } from '../frontend/program.ts';
import { BATCH_EVENTS } from './arena.ts';
import type { Trap } from './trap.ts';
import { verdictName } from './verdict.ts';

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
  readonly #verdicts = new Map<bigint, number>();
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

  take(view: DataView, bytes: Uint8Array, records: number, count: number): void {
    this.#makeRoom(count);
    for (let i = 0; i < count; i++) {
      const record = records + i * layout.REC_SIZE;
      const r0 = view.getBigUint64(record + layout.REC_RESULT, true);
      this.#results[this.#count++] = r0;
      if (view.getUint32(record + layout.REC_TRAP, true) === 0) this.#tally(r0);
      this.#packets?.push(packetOf(view, bytes, record));
    }
  }

  result(): BatchResult {
    const verdicts = new Map<string, number>();
    for (const [r0, count] of this.#verdicts) {
      const name = verdictName(this.#spec.type, r0);
      verdicts.set(name, (verdicts.get(name) ?? 0) + count);
    }
    return {
      count: this.#count,
      results: this.#results.slice(0, this.#count),
      verdicts,
      traps: this.#traps,
      packets: this.#packets,
      elapsedNs: this.#elapsed * 1e6,
    };
  }

  #tally(r0: bigint): void {
    this.#verdicts.set(r0, (this.#verdicts.get(r0) ?? 0) + 1);
  }

  #makeRoom(count: number): void {
    if (this.#count + count <= this.#results.length) return;
    const larger = new BigUint64Array(Math.max(this.#results.length * 2, this.#count + count));
    larger.set(this.#results);
    this.#results = larger;
  }
}

function packetOf(view: DataView, bytes: Uint8Array, record: number): Uint8Array {
  const data = view.getUint32(record + layout.REC_DATA, true);
  return bytes.slice(data, data + view.getUint32(record + layout.REC_LEN, true));
}

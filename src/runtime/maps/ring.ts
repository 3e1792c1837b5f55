import type { MapSpec } from '../../frontend/program.ts';
import type { LinearMemory } from '../memory.ts';
import type { Signal } from '../signal.ts';
import type { Exports } from '../wasm.ts';

/** What a ring reader needs of its engine. */
export interface RingHost {
  readonly memory: LinearMemory;
  readonly exports: Exports;
  /** Notified after every run. */
  readonly signal: Signal;
  /** Room for the length of a record: written and read at once, so that readers can share it. */
  readonly lengthOut: number;
  readonly cpus: number;
}

/** Takes the oldest record off a ring, as a copy. */
function takeRecord(host: RingHost, map: number, cpu: number): Uint8Array | undefined {
  const address = host.exports.ringPeek(map, cpu, host.lengthOut) >>> 0;
  if (address === 0) return undefined;
  const record = host.memory.read(address, host.memory.u32(host.lengthOut));
  host.exports.ringConsume(map, cpu);
  return record;
}

/** The records of a ring buffer, a perf buffer or the trace log. */
abstract class Reader<T> implements AsyncIterable<T> {
  protected readonly host: RingHost;
  protected readonly address: number;

  constructor(host: RingHost, address: number) {
    this.host = host;
    this.address = address;
  }

  /** The oldest record, or undefined when there is none. Never waits. */
  abstract read(): T | undefined;

  /** Records lost because nobody had made room for them. */
  abstract get lost(): number;

  /** Every record there is now. */
  *drain(): Generator<T> {
    for (let record = this.read(); record !== undefined; record = this.read()) yield record;
  }

  /**
   * Waits for records; ends when the object is closed, after those that are left. A reader that is slow holds the
   * program back only as the kernel does: the ring fills, new records are lost and counted in `lost`.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    const { signal } = this.host;
    for (;;) {
      // Nothing may run between a look that finds nothing and the wait, or its records would wake nobody.
      const record = this.read();
      if (record !== undefined) yield record;
      else if (signal.closed) return;
      else await signal.wait();
    }
  }
}

/** The consumer of a BPF_MAP_TYPE_RINGBUF map. */
export class RingBuffer<T = Uint8Array> extends Reader<T> {
  readonly spec: MapSpec;
  readonly #decode: (record: Uint8Array) => T;

  constructor(host: RingHost, address: number, spec: MapSpec, decode: (record: Uint8Array) => T) {
    super(host, address);
    this.spec = spec;
    this.#decode = decode;
  }

  override read(): T | undefined {
    const record = takeRecord(this.host, this.address, 0);
    return record && this.#decode(record);
  }

  override get lost(): number {
    return this.host.exports.ringLost(this.address, 0);
  }
}

export interface PerfEvent<T> {
  readonly cpu: number;
  readonly data: T;
}

/** The consumer of a BPF_MAP_TYPE_PERF_EVENT_ARRAY map: one ring for each CPU, read in turn. */
export class PerfBuffer<T = Uint8Array> extends Reader<PerfEvent<T>> {
  readonly spec: MapSpec;
  readonly #decode: (record: Uint8Array) => T;
  #next = 0;

  constructor(host: RingHost, address: number, spec: MapSpec, decode: (record: Uint8Array) => T) {
    super(host, address);
    this.spec = spec;
    this.#decode = decode;
  }

  override read(): PerfEvent<T> | undefined {
    for (let tries = 0; tries < this.host.cpus; tries++) {
      const cpu = this.#next;
      this.#next = (cpu + 1) % this.host.cpus;
      const record = takeRecord(this.host, this.address, cpu);
      if (record) return { cpu, data: this.#decode(record) };
    }
    return undefined;
  }

  override get lost(): number {
    let lost = 0;
    for (let cpu = 0; cpu < this.host.cpus; cpu++) lost += this.host.exports.ringLost(this.address, cpu);
    return lost;
  }
}

const utf8 = new TextDecoder();

/** What programs print with bpf_trace_printk and bpf_trace_vprintk, a line at a time. */
export class TraceLog extends Reader<string> {
  override read(): string | undefined {
    const record = takeRecord(this.host, this.address, 0);
    return record && utf8.decode(record).replace(/\n$/, '');
  }

  override get lost(): number {
    return this.host.exports.ringLost(this.address, 0);
  }
}

import { readSkb, type SkbContext } from './context.ts';
import type { Chunk } from './snapshots.ts';

/** Where a redirect verdict sends the packet. */
export interface Redirect {
  /** Interface index (bpf_redirect) or key in the map (bpf_redirect_map). */
  readonly index: number;
  /** Name of the map; undefined for bpf_redirect. */
  readonly map: string | undefined;
  readonly flags: bigint;
}

/** What one run gives back. It stays as it is, whatever runs afterwards; copies are made when they are asked for. */
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

/** What a run has left. */
export interface Left {
  /** Halves of r0. */
  readonly low: number;
  readonly high: number;
  /** Undefined where the type has no names. */
  readonly verdict: string | undefined;
  /** Holds metadata and packet from `start` on, `length` bytes of which `metaLength` are metadata. */
  readonly chunk: Chunk;
  readonly start: number;
  readonly length: number;
  readonly metaLength: number;
  readonly dataChanged: boolean;
  readonly redirect: Redirect | undefined;
  /** `struct __sk_buff` in a chunk. */
  readonly skb: { readonly chunk: Chunk; readonly start: number } | undefined;
  readonly flowKeys: Uint8Array | undefined;
}

const halves = new Uint32Array(2);
const whole = new BigUint64Array(halves.buffer);

/** r0 of its halves. */
function joined(low: number, high: number): bigint {
  halves[0] = low;
  halves[1] = high;
  return whole[0] ?? 0n;
}

/** Its members are getters: BigInts, arrays and objects cost more than a small run, and few callers want them all. */
export class KeptResult implements RunResult {
  readonly #left: Left;
  #made: Partial<Pick<RunResult, 'data' | 'meta' | 'context'>> | undefined;

  constructor(left: Left) {
    this.#left = left;
  }

  get r0(): bigint {
    return joined(this.#left.low, this.#left.high);
  }

  get verdict(): string {
    const { verdict, low, high } = this.#left;
    return verdict ?? (high === 0 ? String(low >>> 0) : this.r0.toString());
  }

  get data(): Uint8Array {
    const { chunk, start, length, metaLength } = this.#left;
    return this.#once('data', () => chunk.bytes.slice(start + metaLength, start + length));
  }

  get dataChanged(): boolean {
    return this.#left.dataChanged;
  }

  get meta(): Uint8Array {
    const { chunk, start, metaLength } = this.#left;
    return this.#once('meta', () => chunk.bytes.slice(start, start + metaLength));
  }

  get redirect(): Redirect | undefined {
    return this.#left.redirect;
  }

  get context(): Required<SkbContext> | undefined {
    const { skb } = this.#left;
    return skb && this.#once('context', () => readSkb(skb.chunk.bytes, skb.start));
  }

  get flowKeys(): Uint8Array | undefined {
    return this.#left.flowKeys;
  }

  /** For `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): RunResult {
    const { r0, verdict, data, dataChanged, meta, redirect, context, flowKeys } = this;
    return { r0, verdict, data, dataChanged, meta, redirect, context, flowKeys };
  }

  /** The same array or object whenever it is asked for. */
  #once<Name extends 'data' | 'meta' | 'context'>(
    name: Name,
    make: () => NonNullable<RunResult[Name]>,
  ): NonNullable<RunResult[Name]> {
    const known = this.#made?.[name];
    if (known !== undefined) return known;
    const made = make();
    this.#made = { ...this.#made, [name]: made };
    return made;
  }
}

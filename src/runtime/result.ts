import { readSkb, type SkbContext } from './context.ts';
import type { EventResult, ProgramEvent } from './events/event.ts';
import type { HookAfter } from './hook.ts';
import type { Tunnel } from './skbState.ts';
import type { Chunk } from './snapshots.ts';
import type { Socket } from './sockets/socket.ts';

/** Where a redirect verdict sends the packet. */
export interface Redirect {
  /** Interface index (bpf_redirect) or key in the map (bpf_redirect_map). */
  readonly index: number;
  /** Name of the map; undefined for bpf_redirect. */
  readonly map: string | undefined;
  readonly flags: bigint;
  /** `neighbour`: with the link addresses of a neighbour (bpf_redirect_neigh); `peer`: to the other end of a pair. */
  readonly by: 'neighbour' | 'peer' | undefined;
  /** Address of the neighbour, where the program has named one; else the packet says who it is. */
  readonly nextHop: string | undefined;
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
  /** The socket that bpf_sk_assign has given the packet; undefined where it has not. */
  readonly socket: Socket | undefined;
  /** What bpf_skb_set_tunnel_key has the packet sent through; undefined where it has not been called. */
  readonly tunnel: Tunnel | undefined;
  /** What helpers of hooks have left; undefined where none was called, and in results without an event. */
  readonly hook: HookAfter | undefined;
  /** The 56 bytes of `struct bpf_flow_keys` as a flow dissector left them; undefined for other programs. */
  readonly flowKeys: Uint8Array | undefined;
}

/** What a run has left of the event it was given. */
export interface EventLeft {
  readonly read: ProgramEvent['read'];
  readonly pointed: readonly Uint8Array[];
}

/** What few runs leave. */
export interface Extras {
  readonly socket: Socket | undefined;
  readonly tunnel: Tunnel | undefined;
  readonly hook: HookAfter | undefined;
  readonly redirect: Redirect | undefined;
  /** `struct __sk_buff` in a chunk. */
  readonly skb: { readonly chunk: Chunk; readonly start: number } | undefined;
  readonly flowKeys: Uint8Array | undefined;
  readonly event: EventLeft | undefined;
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
  readonly dataChanged: boolean;
  readonly #low: number;
  readonly #high: number;
  readonly #verdict: string | undefined;
  readonly #chunk: Chunk;
  readonly #start: number;
  readonly #length: number;
  readonly #metaLength: number;
  readonly #extras: Extras | undefined;
  #made: Partial<Pick<EventResult, 'data' | 'meta' | 'context' | 'event'>> | undefined;

  /**
   * @param low,high halves of r0
   * @param verdict undefined where the type has no names
   * @param chunk holds metadata and packet from `start` on: `length` bytes, the first `metaLength` of them metadata
   */
  constructor(
    low: number,
    high: number,
    verdict: string | undefined,
    chunk: Chunk,
    start: number,
    length: number,
    metaLength: number,
    dataChanged: boolean,
    extras: Extras | undefined,
  ) {
    this.dataChanged = dataChanged;
    this.#low = low;
    this.#high = high;
    this.#verdict = verdict;
    this.#chunk = chunk;
    this.#start = start;
    this.#length = length;
    this.#metaLength = metaLength;
    this.#extras = extras;
  }

  get r0(): bigint {
    return joined(this.#low, this.#high);
  }

  get verdict(): string {
    return this.#verdict ?? (this.#high === 0 ? String(this.#low >>> 0) : this.r0.toString());
  }

  get data(): Uint8Array {
    const from = this.#start + this.#metaLength;
    return this.#once('data', () => this.#chunk.bytes.slice(from, this.#start + this.#length));
  }

  get meta(): Uint8Array {
    const to = this.#start + this.#metaLength;
    return this.#once('meta', () => this.#chunk.bytes.slice(this.#start, to));
  }

  get redirect(): Redirect | undefined {
    return this.#extras?.redirect;
  }

  get context(): Required<SkbContext> | undefined {
    const skb = this.#extras?.skb;
    return skb && this.#once('context', () => readSkb(skb.chunk.bytes, skb.start));
  }

  get socket(): Socket | undefined {
    return this.#extras?.socket;
  }

  get tunnel(): Tunnel | undefined {
    return this.#extras?.tunnel;
  }

  get hook(): HookAfter | undefined {
    return this.#extras?.hook;
  }

  get flowKeys(): Uint8Array | undefined {
    return this.#extras?.flowKeys;
  }

  /** Of runs over events: what their `read` makes of what the run has left. */
  get event(): unknown {
    const { read, pointed = [] } = this.#extras?.event ?? {};
    if (this.#made !== undefined && 'event' in this.#made) return this.#made.event;
    const event = read?.({ r0: this.r0, data: this.data, pointed });
    this.#made = { ...this.#made, event };
    return event;
  }

  /** Of runs over events: what their pointers led to. */
  get pointed(): readonly Uint8Array[] {
    return this.#extras?.event?.pointed ?? [];
  }

  /** For `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): RunResult {
    const { r0, verdict, data, dataChanged, meta, redirect, context, socket, tunnel, flowKeys } = this;
    const { event, pointed, hook } = this;
    const left = this.#extras?.event === undefined ? {} : { event, pointed, hook };
    return {
      r0,
      verdict,
      data,
      dataChanged,
      meta,
      redirect,
      context,
      socket,
      tunnel,
      hook: undefined,
      flowKeys,
      ...left,
    };
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

/** What a socket buffer has beyond `struct __sk_buff`: what packet helpers look at and change. */
import * as abi from '../abi/packets.ts';
import { badArgument, integer } from './argument.ts';
import type { LinearMemory } from './memory.ts';
import { formatAddress, parseAddress } from './sockets/address.ts';

/** What a tunnel device has taken off a packet, or is to put on it (struct bpf_tunnel_key). */
export interface Tunnel {
  readonly id: number;
  /** The other end, `192.0.2.1` or `2001:db8::1`. */
  readonly remote: string;
  /** This end; of the same family. Default: any address. */
  readonly local?: string;
  readonly tos?: number;
  readonly ttl?: number;
  /** Flow label of IPv6. */
  readonly label?: number;
  /** IP_TUNNEL_*_BIT as masks: 1 checksum, 4 key, 8 sequence numbers, … Default 4. */
  readonly flags?: number;
  /** Options of Geneve, VXLAN or ERSPAN: at most 255 bytes. Default none. */
  readonly options?: Uint8Array;
}

/**
 * How the checksum of the packet stands (include/linux/skbuff.h): not known; known to be right; `complete`, the sum over
 * the whole packet; `partial`, to be filled in by the device: `offset` bytes behind `start`, summed from `start` on.
 */
export type SkbChecksum =
  | 'none'
  | 'unnecessary'
  | { readonly complete: number }
  | { readonly partial: { readonly start: number; readonly offset: number } };

export interface SkbState {
  /** Default `none`. */
  readonly checksum?: SkbChecksum;
  /** Class of net_cls that the socket's cgroup is in (bpf_get_cgroup_classid). Default 0: none. */
  readonly classid?: number;
  /** Realm of the route (bpf_get_route_realm). Default 0: none. */
  readonly realm?: number;
  /** SKB_GSO_* of what stands for several segments (gsoSize of the context). Default 0. */
  readonly gsoType?: number;
  /** Inner headers are known. Default false. */
  readonly encapsulated?: boolean;
  /** What came with a packet out of a tunnel. */
  readonly tunnel?: Tunnel;
}

const U32 = 0xffff_ffff;
const TUN_KEY = 4;
const TUN_OPTIONS = 0x4000;

interface Target {
  readonly memory: LinearMemory;
  /** Address of the SKB_* fields. */
  readonly at: number;
}

function checksumFields(checksum: SkbChecksum): readonly (readonly [field: number, value: number])[] {
  if (checksum === 'none') return [];
  if (checksum === 'unnecessary') return [[abi.SKB_IP_SUMMED, abi.CHECKSUM_UNNECESSARY]];
  if ('complete' in checksum) {
    const sum = integer('the complete checksum', checksum.complete, 0, U32);
    return [
      [abi.SKB_IP_SUMMED, abi.CHECKSUM_COMPLETE],
      [abi.SKB_CSUM, sum],
    ];
  }
  const { start, offset } = checksum.partial;
  return [
    [abi.SKB_IP_SUMMED, abi.CHECKSUM_PARTIAL],
    [abi.SKB_CSUM_START, integer('the start of a partial checksum', start, 0, 0xffff)],
    [abi.SKB_CSUM_OFFSET, integer('the offset of a partial checksum', offset, 0, 0xffff)],
  ];
}

/** @param options where the tunnel's options are kept, IP_TUNNEL_OPTS_MAX bytes */
function writeTunnel({ memory, at }: Target, tunnel: Tunnel, options: () => number): void {
  const { id, remote, local, tos = 0, ttl = 0, label = 0, flags = TUN_KEY, options: bytes } = tunnel;
  const from = parseAddress('the remote end of a tunnel', remote);
  const to =
    local === undefined ? new Uint8Array(from.length) : parseAddress('the local end of a tunnel', local);
  if (from.length !== to.length)
    throw badArgument(`a tunnel from ${remote} to ${local} has ends of two families`);
  const length = integer("the length of a tunnel's options", bytes?.length ?? 0, 0, abi.IP_TUNNEL_OPTS_MAX);
  const set = (field: number, value: number): void => memory.setU32(at + field, value);
  set(abi.SKB_TUNNEL, abi.TUNNEL_PRESENT | (from.length === 4 ? 0 : abi.TUNNEL_IPV6));
  set(abi.SKB_TUNNEL_ID, integer('the id of a tunnel', id, 0, U32));
  set(abi.SKB_TUNNEL_FLAGS, integer('the flags of a tunnel', flags, 0, U32) | (length > 0 ? TUN_OPTIONS : 0));
  set(abi.SKB_TUNNEL_LABEL, integer('the label of a tunnel', label, 0, 0xf_ffff));
  memory.write(at + abi.SKB_TUNNEL_SRC, from);
  memory.write(at + abi.SKB_TUNNEL_DST, to);
  const rest = Uint8Array.of(
    integer('the tos of a tunnel', tos, 0, 255),
    integer('the ttl of a tunnel', ttl, 0, 255),
    length,
    0,
  );
  memory.write(at + abi.SKB_TUNNEL_TOS, rest);
  if (bytes === undefined || length === 0) return;
  set(abi.SKB_TUNNEL_OPTIONS, options());
  memory.write(options(), bytes);
}

/** What every run's socket buffer begins with. */
export class SkbTemplate {
  readonly #memory: LinearMemory;
  readonly #at: number;
  #options = 0;

  /** @param run address of the run state */
  constructor(memory: LinearMemory, run: number) {
    this.#memory = memory;
    this.#at = run + abi.RUN_SKB_TEMPLATE_MORE;
  }

  write({ checksum = 'none', classid = 0, realm = 0, gsoType = 0, encapsulated, tunnel }: SkbState): void {
    const target = { memory: this.#memory, at: this.#at };
    this.#memory.bytes.fill(0, this.#at, this.#at + abi.SKB_MORE_SIZE);
    const set = (field: number, value: number): void => this.#memory.setU32(this.#at + field, value);
    for (const [field, value] of checksumFields(checksum)) set(field, value);
    set(abi.SKB_CLASSID, integer('classid', classid, 0, U32));
    set(abi.SKB_REALM, integer('realm', realm, 0, U32));
    set(abi.SKB_GSO_TYPE, integer('gsoType', gsoType, 0, U32));
    set(abi.SKB_ENCAPSULATION, encapsulated === true ? 1 : 0);
    if (tunnel !== undefined) writeTunnel(target, tunnel, () => this.#optionsAddress());
  }

  #optionsAddress(): number {
    this.#options ||= this.#memory.alloc(abi.IP_TUNNEL_OPTS_MAX + 1);
    return this.#options;
  }
}

/** The tunnel that the last run has set for its packet; undefined where it has set none. */
export function readTunnel(memory: LinearMemory, run: number): Tunnel | undefined {
  if (memory.u32(run + abi.RUN_REST_READY) === 0) return undefined;
  const at = run + abi.RUN_SKB;
  const state = memory.u32(at + abi.SKB_TUNNEL);
  if ((state & abi.TUNNEL_TX) === 0) return undefined;
  const size = (state & abi.TUNNEL_IPV6) === 0 ? 4 : 16;
  const [tos = 0, ttl = 0, length = 0] = memory.read(at + abi.SKB_TUNNEL_TOS, 3);
  return {
    id: memory.u32(at + abi.SKB_TUNNEL_ID),
    remote: formatAddress(memory.read(at + abi.SKB_TUNNEL_DST, size)),
    local: formatAddress(memory.read(at + abi.SKB_TUNNEL_SRC, size)),
    tos,
    ttl,
    label: memory.u32(at + abi.SKB_TUNNEL_LABEL),
    flags: memory.u32(at + abi.SKB_TUNNEL_FLAGS),
    options: length === 0 ? new Uint8Array() : memory.read(memory.u32(at + abi.SKB_TUNNEL_OPTIONS), length),
  };
}

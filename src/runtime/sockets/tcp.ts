/** `struct bpf_tcp_sock` (uapi/linux/bpf.h) by its members. */
import { SOCK_TCP } from '../../abi/sockets.ts';
import { SOCKETS } from '../../verifier/contexts/tables/sockets.ts';
import { badArgument, integer, unsigned64 } from '../argument.ts';
import type { LinearMemory } from '../memory.ts';

/** Members of 8 bytes: bytes_received, bytes_acked. */
type Wide = 'bytes_received' | 'bytes_acked';
type Narrow =
  | 'snd_cwnd'
  | 'srtt_us'
  | 'rtt_min'
  | 'snd_ssthresh'
  | 'rcv_nxt'
  | 'snd_nxt'
  | 'snd_una'
  | 'mss_cache'
  | 'ecn_flags'
  | 'rate_delivered'
  | 'rate_interval_us'
  | 'packets_out'
  | 'retrans_out'
  | 'total_retrans'
  | 'segs_in'
  | 'data_segs_in'
  | 'segs_out'
  | 'data_segs_out'
  | 'lost_out'
  | 'sacked_out'
  | 'dsack_dups'
  | 'delivered'
  | 'delivered_ce'
  | 'icsk_retransmits';

/** The state of a TCP connection under the kernel's names: 32-bit numbers, and bigints of 64 bits. */
export type TcpState = Readonly<Record<Narrow, number> & Record<Wide, bigint>>;

const FIELDS = SOCKETS.tcp_sock.fields;

/** @throws WebpfError 'bad-argument' for members that the structure has not */
export function writeTcp(memory: LinearMemory, socket: number, values: Partial<TcpState>): void {
  for (const [name, value] of Object.entries(values)) {
    const found = FIELDS.find((field) => field.name === name);
    if (found === undefined) throw badArgument(`struct bpf_tcp_sock has no member "${name}"`);
    const at = socket + SOCK_TCP + found.offset;
    if (found.size === 8) memory.setU64(at, unsigned64(`tcp.${name}`, value as bigint));
    else memory.setU32(at, integer(`tcp.${name}`, value as number, 0, 0xffff_ffff));
  }
}

export function readTcp(memory: LinearMemory, socket: number): TcpState {
  const entries = FIELDS.map(({ name, offset, size }) => {
    const at = socket + SOCK_TCP + offset;
    return [name, size === 8 ? memory.u64(at) : memory.u32(at)] as const;
  });
  return Object.fromEntries(entries) as unknown as TcpState;
}

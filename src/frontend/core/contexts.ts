/**
 * The structures of Linux that webpf itself hands to programs, above all as contexts: for these it can answer CO-RE
 * relocations. Their layout is Linux's interface (uapi/linux/bpf.h; struct pt_regs is that of x86-64), as of 6.18.
 */

export type HostFieldKind = 'int' | 'ptr' | 'composite';

export interface HostField {
  readonly kind: HostFieldKind;
  readonly signed: boolean;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Bytes of the field, or of one element where it is an array. */
  readonly size: number;
  /** Elements; undefined unless it is an array. */
  readonly length: number | undefined;
}

export interface HostStruct {
  /** Bytes. */
  readonly size: number;
  readonly fields: ReadonlyMap<string, HostField>;
}

/**
 * Members in their order, laid out as C does: a type, then the names it has, `[n]` for an array; a name that begins
 * with `|` is in a union with the one before.
 */
const MEMBERS: Readonly<Record<string, string>> = {
  xdp_md: 'u32 data data_end data_meta ingress_ifindex rx_queue_index egress_ifindex',
  __sk_buff: `u32 len pkt_type mark queue_mapping protocol vlan_present vlan_tci vlan_proto priority
    ingress_ifindex ifindex tc_index cb[5] hash tc_classid data data_end napi_id family remote_ip4 local_ip4
    remote_ip6[4] local_ip6[4] remote_port local_port data_meta ptr flow_keys u64 tstamp u32 wire_len gso_segs
    ptr sk u32 gso_size u8 tstamp_type u64 hwtstamp`,
  bpf_sock: `u32 bound_dev_if family type protocol mark priority src_ip4 src_ip6[4] src_port u16 dst_port
    u32 dst_ip4 dst_ip6[4] state s32 rx_queue_mapping`,
  bpf_tcp_sock: `u32 snd_cwnd srtt_us rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags
    rate_delivered rate_interval_us packets_out retrans_out total_retrans segs_in data_segs_in segs_out
    data_segs_out lost_out sacked_out u64 bytes_received bytes_acked u32 dsack_dups delivered delivered_ce
    icsk_retransmits`,
  bpf_sock_addr: `u32 user_family user_ip4 user_ip6[4] user_port family type protocol msg_src_ip4
    msg_src_ip6[4] ptr sk`,
  bpf_sock_ops: `u32 op args[4] |reply |replylong[4] family remote_ip4 local_ip4 remote_ip6[4] local_ip6[4]
    remote_port local_port is_fullsock snd_cwnd srtt_us bpf_sock_ops_cb_flags state rtt_min snd_ssthresh rcv_nxt
    snd_nxt snd_una mss_cache ecn_flags rate_delivered rate_interval_us packets_out retrans_out total_retrans
    segs_in data_segs_in segs_out data_segs_out lost_out sacked_out sk_txhash u64 bytes_received bytes_acked
    ptr sk skb_data skb_data_end u32 skb_len skb_tcp_flags u64 skb_hwtstamp`,
  sk_msg_md: `ptr data data_end u32 family remote_ip4 local_ip4 remote_ip6[4] local_ip6[4] remote_port
    local_port size ptr sk`,
  sk_reuseport_md: 'ptr data data_end u32 len eth_protocol ip_protocol bind_inany hash ptr sk migrating_sk',
  bpf_sk_lookup: `ptr sk u64 |cookie u32 family protocol remote_ip4 remote_ip6[4] u16 remote_port
    u32 local_ip4 local_ip6[4] local_port ingress_ifindex`,
  bpf_cgroup_dev_ctx: 'u32 access_type major minor',
  bpf_sysctl: 'u32 write file_pos',
  bpf_sockopt: 'ptr sk optval optval_end s32 level optname optlen retval',
  pt_regs: `u64 r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip u16 cs u64 |csx
    composite64 |fred_cs u64 flags sp u16 ss u64 |ssx composite64 |fred_ss`,
};

type Scalar = Pick<HostField, 'kind' | 'signed' | 'size'>;

const unsigned = (size: number): Scalar => ({ kind: 'int', signed: false, size });

const TYPES: ReadonlyMap<string, Scalar> = new Map([
  ['u8', unsigned(1)],
  ['u16', unsigned(2)],
  ['u32', unsigned(4)],
  ['u64', unsigned(8)],
  ['s32', { kind: 'int', signed: true, size: 4 }],
  ['ptr', { kind: 'ptr', signed: false, size: 8 }],
  ['composite64', { kind: 'composite', signed: false, size: 8 }],
]);

const alignTo = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;

/** A member's text: whether it shares its place, its name, its number of elements. */
function memberParts(text: string): readonly [shares: boolean, name: string, length: number | undefined] {
  const [, bar, name = '', length] = /^(\|?)(\w+)(?:\[(\d+)\])?$/.exec(text) ?? [];
  return [bar === '|', name, length === undefined ? undefined : Number(length)];
}

function layOut(members: string): HostStruct {
  const fields = new Map<string, HostField>();
  let type: Scalar = unsigned(4);
  let start = 0;
  let end = 0;
  let alignment = 1;
  for (const word of members.split(/\s+/)) {
    const named = TYPES.get(word);
    if (named !== undefined) {
      type = named;
      continue;
    }
    const [shares, name, length] = memberParts(word);
    start = alignTo(shares ? start : end, type.size);
    end = Math.max(end, start + type.size * (length ?? 1));
    alignment = Math.max(alignment, type.size);
    fields.set(name, { ...type, offset: start, length });
  }
  return { size: alignTo(end, alignment), fields };
}

/** By name, without `struct`. */
export const HOST_STRUCTS: ReadonlyMap<string, HostStruct> = new Map(
  Object.entries(MEMBERS).map(([name, members]) => [name, layOut(members)]),
);

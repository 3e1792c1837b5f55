import type { Btf, BtfMember, BtfType } from '../btf/types.ts';

/**
 * The structures of Linux that webpf itself hands to programs, above all as contexts: for these it can answer CO-RE
 * relocations. Their layout is Linux's interface (uapi/linux/bpf.h; struct pt_regs is that of x86-64), as of 6.18.
 */

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

const unsigned = (name: string, size: number): BtfType => ({
  kind: 'int',
  name,
  size,
  encoding: 'unsigned',
  bits: size * 8,
  bitOffset: 0,
});

/** Types of members, which the table names so. */
const SCALARS: ReadonlyMap<string, BtfType & { readonly size?: number }> = new Map<string, BtfType>([
  ['u8', unsigned('unsigned char', 1)],
  ['u16', unsigned('unsigned short', 2)],
  ['u32', unsigned('unsigned int', 4)],
  ['u64', unsigned('unsigned long long', 8)],
  ['s32', { kind: 'int', name: 'int', size: 4, encoding: 'signed', bits: 32, bitOffset: 0 }],
  ['ptr', { kind: 'ptr', name: '', type: 0 }],
  ['composite64', { kind: 'struct', name: '', size: 8, members: [] }],
]);
const POINTER_SIZE = 8;

const alignTo = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;

/** A member's text: whether it shares its place, its name, its number of elements. */
function memberParts(text: string): readonly [shares: boolean, name: string, length: number | undefined] {
  const [, bar, name = '', length] = /^(\|?)(\w+)(?:\[(\d+)\])?$/.exec(text) ?? [];
  return [bar === '|', name, length === undefined ? undefined : Number(length)];
}

/** Types as they are collected. */
class Types {
  readonly all: BtfType[] = [{ kind: 'void', name: '' }];
  private readonly scalars = new Map<string, number>();
  private readonly arrays = new Map<string, number>();

  scalar(word: string): number {
    return this.remembered(this.scalars, word, () => SCALARS.get(word) ?? { kind: 'void', name: '' });
  }

  array(type: number, length: number): number {
    return this.remembered(this.arrays, `${type}:${length}`, () => ({
      kind: 'array',
      name: '',
      type,
      indexType: this.scalar('u32'),
      length,
    }));
  }

  private remembered(known: Map<string, number>, key: string, make: () => BtfType): number {
    const id = known.get(key);
    if (id !== undefined) return id;
    const type = make();
    known.set(key, this.all.push(type) - 1);
    return this.all.length - 1;
  }
}

function layOut(types: Types, name: string, text: string): BtfType {
  const members: BtfMember[] = [];
  let word = 'u32';
  let start = 0;
  let end = 0;
  let alignment = 1;
  for (const part of text.split(/\s+/)) {
    if (SCALARS.has(part)) {
      word = part;
      continue;
    }
    const [shares, member, length] = memberParts(part);
    const scalar = types.scalar(word);
    const size = SCALARS.get(word)?.size ?? POINTER_SIZE;
    start = alignTo(shares ? start : end, size);
    end = Math.max(end, start + size * (length ?? 1));
    alignment = Math.max(alignment, size);
    const type = length === undefined ? scalar : types.array(scalar, length);
    members.push({ name: member, type, bitOffset: start * 8, bitSize: 0 });
  }
  return { kind: 'struct', name, size: alignTo(end, alignment), members };
}

/** The structures as types, as a kernel's BTF would have them; members of anonymous unions are the structure's own. */
export function contextTypes(): Btf {
  const types = new Types();
  for (const [name, members] of Object.entries(MEMBERS)) types.all.push(layOut(types, name, members));
  return { types: types.all };
}

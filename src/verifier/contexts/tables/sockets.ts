import {
  anchored,
  contextFor,
  doubleWords,
  field,
  NARROW_16,
  NARROW_32,
  narrowWords,
  packet,
  packetEnd,
  pointer,
  select,
  socket,
  socketCommonOrNull,
  socketOrNull,
  words,
  writable,
} from '../fields.ts';
import type { Context, SocketKind, Structure } from '../types.ts';

/** struct bpf_sock (bpf_sock_is_valid_access of net/core/filter.c). */
const SOCK: Structure = {
  name: 'bpf_sock',
  size: 80,
  fields: [
    ...words(0, 'bound_dev_if'),
    ...narrowWords(4, 'family type protocol').map(anchored),
    ...words(16, 'mark priority'),
    ...narrowWords(24, 'src_ip4 src_ip6[4]'),
    ...narrowWords(44, 'src_port').map(anchored),
    // 2 bytes and padding; programs built when it had 4 read the padding along.
    field('dst_port', 48, 2, NARROW_16),
    field('dst_port', 48, 4),
    ...narrowWords(52, 'dst_ip4 dst_ip6[4]'),
    ...narrowWords(72, 'state rx_queue_mapping').map(anchored),
  ],
};

const PEER = 'family type protocol dst_port dst_ip4 dst_ip6 state rx_queue_mapping';
const DEVICE = 'bound_dev_if mark priority';

export const cgroupSock: Context = contextFor(SOCK, select(SOCK, `${PEER} ${DEVICE}`, DEVICE));
export const cgroupPostBind4: Context = contextFor(SOCK, select(SOCK, `${PEER} src_ip4 src_port`));
export const cgroupPostBind6: Context = contextFor(SOCK, select(SOCK, `${PEER} src_ip6 src_port`));

/** struct bpf_tcp_sock (bpf_tcp_sock_is_valid_access). */
const TCP_SOCK: Structure = {
  name: 'bpf_tcp_sock',
  size: 112,
  fields: [
    ...words(0, 'snd_cwnd srtt_us rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags'),
    ...words(36, 'rate_delivered rate_interval_us packets_out retrans_out total_retrans segs_in'),
    ...words(60, 'data_segs_in segs_out data_segs_out lost_out sacked_out'),
    ...doubleWords(80, 8, 'bytes_received bytes_acked'),
    ...words(96, 'dsack_dups delivered delivered_ce icsk_retransmits'),
  ],
};

const XDP_SOCK: Structure = { name: 'bpf_xdp_sock', size: 4, fields: words(0, 'queue_id') };

/** What programs see through a socket register; they write none of it. */
export const SOCKETS: Readonly<Record<SocketKind, Structure>> = {
  // A request or timewait socket has no more than this.
  sock_common: {
    ...SOCK,
    fields: select(
      SOCK,
      'bound_dev_if family src_ip4 src_ip6 src_port dst_port dst_ip4 dst_ip6 state rx_queue_mapping',
    ),
  },
  sock: SOCK,
  tcp_sock: TCP_SOCK,
  xdp_sock: XDP_SOCK,
};

/** struct bpf_sock_addr (sock_addr_is_valid_access): the address's family follows from the attach type. */
const SOCK_ADDR: Structure = {
  name: 'bpf_sock_addr',
  size: 72,
  fields: [
    ...words(0, 'user_family'),
    ...narrowWords(4, 'user_ip4'),
    field('user_ip6', 8, 16, NARROW_32 + 8),
    ...narrowWords(24, 'user_port'),
    ...words(28, 'family type protocol'),
    ...narrowWords(40, 'msg_src_ip4'),
    field('msg_src_ip6', 44, 16, NARROW_32 + 8),
    pointer('sk', 64, socket),
  ],
};

const sockAddr = (addresses: string): Context => {
  const names = `user_family user_port family type protocol sk ${addresses}`;
  const fields = select(SOCK_ADDR, names, `user_port ${addresses}`);
  return contextFor(
    SOCK_ADDR,
    fields.map((one) => (one.size === 16 ? writable(one, 4 + 8) : one)),
  );
};

export const sockAddr4: Context = sockAddr('user_ip4');
export const sockAddr6: Context = sockAddr('user_ip6');
export const sockAddrUnix: Context = sockAddr('');
export const sendmsg4: Context = sockAddr('user_ip4 msg_src_ip4');
export const sendmsg6: Context = sockAddr('user_ip6 msg_src_ip6');

/** struct bpf_sock_ops (sock_ops_is_valid_access); `reply` is the first of the union with `args`. */
const SOCK_OPS: Structure = {
  name: 'bpf_sock_ops',
  size: 224,
  fields: [
    ...words(0, 'op'),
    ...words(4, 'reply').map((one) => writable(one)),
    ...words(4, 'args[4] family remote_ip4 local_ip4 remote_ip6[4] local_ip6[4] remote_port local_port'),
    ...words(72, 'is_fullsock snd_cwnd srtt_us bpf_sock_ops_cb_flags state rtt_min snd_ssthresh rcv_nxt'),
    ...words(104, 'snd_nxt snd_una mss_cache ecn_flags rate_delivered rate_interval_us packets_out'),
    ...words(
      132,
      'retrans_out total_retrans segs_in data_segs_in segs_out data_segs_out lost_out sacked_out',
    ),
    ...words(164, 'sk_txhash').map((one) => writable(one)),
    ...doubleWords(168, 8, 'bytes_received bytes_acked'),
    pointer('sk', 184, socketOrNull),
    pointer('skb_data', 192, packet),
    pointer('skb_data_end', 200, packetEnd),
    ...words(208, 'skb_len'),
    ...narrowWords(212, 'skb_tcp_flags').map(anchored),
    field('skb_hwtstamp', 216, 8),
  ],
};
export const sockOps: Context = contextFor(SOCK_OPS, SOCK_OPS.fields, 'loads');

/** struct sk_msg_md (sk_msg_is_valid_access). */
const SK_MSG: Structure = {
  name: 'sk_msg_md',
  size: 80,
  fields: [
    pointer('data', 0, packet),
    pointer('data_end', 8, packetEnd),
    ...words(16, 'family remote_ip4 local_ip4 remote_ip6[4] local_ip6[4] remote_port local_port size'),
    pointer('sk', 72, socket),
  ],
};
export const skMsg: Context = contextFor(SK_MSG, SK_MSG.fields, 'write');

/** struct sk_reuseport_md (sk_reuseport_is_valid_access). */
const SK_REUSEPORT: Structure = {
  name: 'sk_reuseport_md',
  size: 56,
  fields: [
    pointer('data', 0, packet),
    pointer('data_end', 8, packetEnd),
    ...narrowWords(16, 'len'),
    // In the packet it has two bytes: one of them alone is refused.
    field('eth_protocol', 20, 4, 2 + 4),
    ...narrowWords(24, 'ip_protocol bind_inany'),
    ...words(32, 'hash'),
    pointer('sk', 40, socket),
    pointer('migrating_sk', 48, socketCommonOrNull),
  ],
};
export const skReuseport: Context = contextFor(SK_REUSEPORT, SK_REUSEPORT.fields, 'read');

/** struct bpf_sk_lookup (sk_lookup_is_valid_access); two bytes of padding follow `remote_port`. */
const SK_LOOKUP: Structure = {
  name: 'bpf_sk_lookup',
  size: 72,
  fields: [
    pointer('sk', 0, socketOrNull),
    ...narrowWords(8, 'family protocol remote_ip4 remote_ip6[4] remote_port local_ip4 local_ip6[4]'),
    ...narrowWords(60, 'local_port ingress_ifindex'),
  ],
};
export const skLookup: Context = contextFor(SK_LOOKUP);

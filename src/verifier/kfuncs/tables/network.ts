import type { KfuncResult, KfuncRow, KfuncTable, RowArgument } from '../types.ts';
import * as v from '../vocabulary.ts';

/** Connections: those not inserted yet are of a type of their own (struct nf_conn___init). */
const tracked = v.btf('nf_conn');
const fresh = v.btf('nf_conn___init');
const connection = (context: RowArgument, result: KfuncResult): KfuncRow => ({
  args: [context, v.memory, v.size, v.memory, v.size],
  result,
});

export const CONNECTIONS: KfuncTable = {
  bpf_xdp_ct_alloc: connection(v.xdp, v.acquiredOrNull('nf_conn___init')),
  bpf_xdp_ct_lookup: connection(v.xdp, v.acquiredOrNull('nf_conn')),
  bpf_skb_ct_alloc: connection(v.skb, v.acquiredOrNull('nf_conn___init')),
  bpf_skb_ct_lookup: connection(v.skb, v.acquiredOrNull('nf_conn')),
  bpf_ct_insert_entry: { args: [v.released('nf_conn___init')], result: v.acquiredOrNull('nf_conn') },
  bpf_ct_release: { args: [v.released('nf_conn')], result: v.nothing },
  bpf_ct_set_timeout: { args: [fresh, v.scalar], result: v.nothing, trust: 'trusted' },
  bpf_ct_change_timeout: { args: [tracked, v.scalar], trust: 'trusted' },
  bpf_ct_set_status: { args: [fresh, v.scalar], trust: 'trusted' },
  bpf_ct_change_status: { args: [tracked, v.scalar], trust: 'trusted' },
  bpf_ct_set_nat_info: { args: [fresh, v.memoryOf(16), v.scalar, v.scalar], trust: 'trusted' },
};

export const XDP: KfuncTable = {
  bpf_dynptr_from_xdp: { args: [v.xdp, v.scalar, v.newDynptr('xdp')] },
  bpf_xdp_pull_data: { args: [v.xdp, v.scalar], changesPacket: true },
  bpf_xdp_get_xfrm_state: {
    args: [v.xdp, v.memory, v.size],
    result: v.acquiredOrNull('xfrm_state'),
  },
  bpf_xdp_xfrm_state_release: { args: [v.released('xfrm_state')], result: v.nothing },
};

/** What the network device knows of the packet. */
export const XDP_METADATA: KfuncTable = {
  bpf_xdp_metadata_rx_timestamp: { args: [v.xdp, v.memoryOf(8)], trust: 'trusted' },
  bpf_xdp_metadata_rx_hash: { args: [v.xdp, v.memoryOf(4), v.memoryOf(4)], trust: 'trusted' },
  bpf_xdp_metadata_rx_vlan_tag: { args: [v.xdp, v.memoryOf(2), v.memoryOf(2)], trust: 'trusted' },
};

export const TCP_REQUESTS: KfuncTable = {
  bpf_sk_assign_tcp_reqsk: { args: [v.skb, v.btf('sock'), v.memory, v.size], trust: 'trusted' },
};

/** The context of these is the kernel's own: bpf_cast_to_kern_ctx gives it. */
export const SOCKETS: KfuncTable = {
  bpf_sock_addr_set_sun_path: { args: [v.btf('bpf_sock_addr_kern'), v.memory, v.size] },
  bpf_sock_ops_enable_tx_tstamp: { args: [v.btf('bpf_sock_ops_kern'), v.scalar] },
};
export const SOCKET_ITERATION: KfuncTable = {
  bpf_sock_destroy: { args: [v.btf('sock_common')], trust: 'trusted' },
};

export const CRYPTO_SETUP: KfuncTable = {
  bpf_crypto_ctx_create: {
    args: [v.memory, v.size, v.memoryOf(4)],
    result: v.acquiredOrNull('bpf_crypto_ctx'),
    sleepable: true,
  },
  bpf_crypto_ctx_acquire: {
    args: [v.btf('bpf_crypto_ctx')],
    result: v.acquiredOrNull('bpf_crypto_ctx'),
    trust: 'rcu',
  },
  bpf_crypto_ctx_release: { args: [v.released('bpf_crypto_ctx')], result: v.nothing },
};
const crypt: KfuncRow = {
  args: [v.btf('bpf_crypto_ctx'), v.dynptr, v.dynptr, v.dynptrOrNull],
  trust: 'rcu',
};
export const CRYPTO: KfuncTable = { bpf_crypto_encrypt: crypt, bpf_crypto_decrypt: crypt };

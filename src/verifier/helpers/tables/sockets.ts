import type { Argument, HelperTable } from '../types.ts';
import * as v from '../vocabulary.ts';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_HEADER = 20;

const LOOKUP: readonly Argument[] = [v.context, v.input, v.sizeOrZero, v.any, v.any];
const COOKIE: readonly Argument[] = [v.btfSock, v.input, v.size, v.input, v.size];
const SET_OPTION: readonly Argument[] = [v.any, v.any, v.input, v.size];
const GET_OPTION: readonly Argument[] = [v.any, v.any, v.output, v.size];
/** Programs whose context is no socket: they pass one. */
const OF_SOCKET = { types: ['cgroup_sockopt', 'struct_ops', 'lsm'] } as const;
const TRACED = { types: ['tracing', 'lsm', 'syscall', 'sk_reuseport'] } as const;

const cast = (struct: string, from: Argument = v.btfSock) =>
  ({ args: [from], result: v.btfResultOrNull(struct) }) as const;

/** Sockets: look-up, casts, options, TCP header options and SYN cookies, sockmaps. */
export const SOCKETS: HelperTable = {
  sk_lookup_tcp: { args: LOOKUP, result: v.acquiredSocketOrNull, packetAccess: true },
  sk_lookup_udp: { args: LOOKUP, result: v.acquiredSocketOrNull, packetAccess: true },
  skc_lookup_tcp: { args: LOOKUP, result: v.acquiredSockCommonOrNull, packetAccess: true },
  sk_release: { args: [v.releasedSock], checks: 'the socket is referenced' },
  sk_fullsock: { args: [v.sockCommon], result: v.socketOrNull },
  tcp_sock: { args: [v.sockCommon], result: v.tcpSockOrNull },
  get_listener_sock: { args: [v.sockCommon], result: v.socketOrNull },
  skc_to_tcp6_sock: cast('tcp6_sock'),
  skc_to_tcp_sock: cast('tcp_sock'),
  skc_to_tcp_timewait_sock: cast('tcp_timewait_sock'),
  skc_to_tcp_request_sock: cast('tcp_request_sock'),
  skc_to_udp6_sock: cast('udp6_sock'),
  skc_to_unix_sock: cast('unix_sock'),
  skc_to_mptcp_sock: cast('mptcp_sock', v.sockCommon),
  sk_assign: {
    args: [v.context, v.btfSock, v.any],
    variants: [{ where: { types: ['sk_lookup'] }, args: [v.context, v.fullSocketOrNull, v.any] }],
  },
  sk_cgroup_id: { args: [v.btfSock] },
  sk_ancestor_cgroup_id: { args: [v.btfSock, v.any] },
  get_socket_cookie: {
    args: [v.context],
    variants: [{ where: TRACED, args: [v.btfSockOrNull] }],
  },
  get_socket_uid: { args: [v.context] },
  get_netns_cookie: { args: [v.contextOrNull] },
  setsockopt: {
    args: [v.context, ...SET_OPTION],
    checks: 'lsm: only in lsm_cgroup on the hooks where the socket is locked or new',
    variants: [{ where: OF_SOCKET, args: [v.btfSock, ...SET_OPTION] }],
  },
  getsockopt: {
    args: [v.context, ...GET_OPTION],
    checks: 'lsm: only in lsm_cgroup on the hooks where the socket is locked or new',
    variants: [{ where: OF_SOCKET, args: [v.btfSock, ...GET_OPTION] }],
  },
  bind: { args: [v.context, v.input, v.size] },
  sock_ops_cb_flags_set: { args: [v.context, v.any] },
  load_hdr_opt: { args: [v.context, v.inOut, v.size, v.any] },
  store_hdr_opt: { args: [v.context, v.input, v.size, v.any], changesPacket: true },
  reserve_hdr_opt: { args: [v.context, v.any, v.any] },
  tcp_send_ack: { args: [v.btf('tcp_sock'), v.any] },
  tcp_check_syncookie: { args: COOKIE, gplOnly: true, packetAccess: true },
  tcp_gen_syncookie: { args: COOKIE, gplOnly: true, packetAccess: true },
  tcp_raw_gen_syncookie_ipv4: {
    args: [v.inputOf(IPV4_HEADER), v.input, v.sizeOrZero],
    gplOnly: true,
    packetAccess: true,
  },
  tcp_raw_gen_syncookie_ipv6: {
    args: [v.inputOf(IPV6_HEADER), v.input, v.sizeOrZero],
    gplOnly: true,
    packetAccess: true,
  },
  tcp_raw_check_syncookie_ipv4: {
    args: [v.inputOf(IPV4_HEADER), v.inputOf(TCP_HEADER)],
    gplOnly: true,
    packetAccess: true,
  },
  tcp_raw_check_syncookie_ipv6: {
    args: [v.inputOf(IPV6_HEADER), v.inputOf(TCP_HEADER)],
    gplOnly: true,
    packetAccess: true,
  },
  sk_select_reuseport: {
    args: [v.context, v.map, v.key, v.any],
    checks: 'a reuseport_sockarray, sockmap or sockhash',
  },
  sk_redirect_map: { args: [v.context, v.map, v.any, v.any], checks: 'a sockmap' },
  sk_redirect_hash: { args: [v.context, v.map, v.key, v.any], checks: 'a sockhash' },
  sock_map_update: { args: [v.context, v.map, v.key, v.any], packetAccess: true, checks: 'a sockmap' },
  sock_hash_update: { args: [v.context, v.map, v.key, v.any], packetAccess: true, checks: 'a sockhash' },
};

/**
 * Sockets in linear memory, compiled by TypeScript and by AssemblyScript. What programs hold a pointer to is a host
 * object (OBJ_SOCK of layout.ts) with several views of one socket: `struct bpf_sock` at its start, `struct bpf_tcp_sock`
 * behind it. Offsets are bytes from the start of the first unless they say otherwise.
 */

/** u32 in front of every view: address of the first, by which the socket is known. */
export const VIEW_SOCKET = -4;

// ---- struct bpf_sock (uapi/linux/bpf.h) ------------------------------------------------------------------

export const SOCK_BOUND_DEV_IF = 0;
export const SOCK_FAMILY = 4;
export const SOCK_TYPE = 8;
export const SOCK_PROTOCOL = 12;
export const SOCK_MARK = 16;
export const SOCK_PRIORITY = 20;
export const SOCK_SRC_IP4 = 24;
export const SOCK_SRC_IP6 = 28;
/** u32, host byte order. */
export const SOCK_SRC_PORT = 44;
/** u16, network byte order; two bytes of zeros follow. */
export const SOCK_DST_PORT = 48;
export const SOCK_DST_IP4 = 52;
export const SOCK_DST_IP6 = 56;
export const SOCK_STATE = 72;
export const SOCK_RX_QUEUE_MAPPING = 76;
export const SOCK_VIEW_SIZE = 80;

// ---- struct bpf_tcp_sock ---------------------------------------------------------------------------------

export const SOCK_TCP = 88;
export const TCP_SIZE = 112;

// ---- of webpf alone: programs have no view of it -----------------------------------------------------------

/** u32: SOCK_IS_*. */
export const SOCK_FLAGS = 200;
/** u32: the listener that a request socket belongs to. */
export const SOCK_LISTENER = 204;
export const SOCK_UID = 208; // u32
/** i32: number of the network namespace by which programs ask for it; -1 for their own. */
export const SOCK_NETNS = 212;
export const SOCK_NETNS_COOKIE = 216; // u64
/** u32: number of the reuseport group; 0 for none. */
export const SOCK_REUSEPORT = 224;
/** u32: next socket with the same local port in the table, and next of all sockets with the same hash of the address. */
export const SOCK_NEXT_PORT = 228;
export const SOCK_NEXT = 232;
export const SOCK_SIZE = 240;

/** It is in the table that programs look sockets up in. */
export const SOCK_IS_TABLED = 1;
/** IPV6_V6ONLY. */
export const SOCK_IS_IPV6_ONLY = 2;

// ---- the table -------------------------------------------------------------------------------------------

/** u32 in the header: address of the table of sockets; 0 while there is none. */
export const HDR_SOCKETS = 648;
/** u32 in the header: number of the next socket; u64: cookie of the next. */
export const HDR_SOCKET_ID = 652;
export const HDR_SOCKET_COOKIE = 656;
export const BUCKETS = 256;
/** u32: lock; then BUCKETS chains by local port, and BUCKETS by address. */
export const TABLE_LOCK = 0;
export const TABLE_PORTS = 8;
export const TABLE_ADDRESSES = TABLE_PORTS + 4 * BUCKETS;
export const TABLE_SIZE = TABLE_ADDRESSES + 4 * BUCKETS;

// ---- kernel constants ------------------------------------------------------------------------------------

export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;

/** enum of include/net/tcp_states.h; UDP sockets are ESTABLISHED when connected, else CLOSE. */
export const TCP_ESTABLISHED = 1;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_LISTEN = 10;
export const TCP_NEW_SYN_RECV = 12;

// ---- environment of a run (RUN_ENVIRONMENT + 512 on) -------------------------------------------------------

/** u32: the socket that the program has assigned, selected or redirected to; 0 for none. */
export const RUN_SOCKET_CHOSEN = 8704;
/** u32: the socket that a program of type cgroup_sock has for its context; 0 outside of its runs. */
export const RUN_CONTEXT_SOCKET = 8844;
/** u32: 1 when the program asked that the socket it assigned be taken as it is (BPF_SK_LOOKUP_F_NO_REUSEPORT). */
export const RUN_NO_REUSEPORT = 8852;
/** u32, set by the host: 1 where packets arrive (tc ingress), so that sockets can be assigned to them. */
export const RUN_ARRIVES = 8848;
/** u32: sockets that a sandboxed program holds references of, and their addresses. */
export const RUN_SOCKETS_HELD = 8708;
export const RUN_HELD_LIST = 8712;
export const HELD_MAX = 32;

/** u64, address of a `struct bpf_sock`: the members `sk` of the uapi structures. */
export const SOCK_ADDR_SK = 64;
export const SOCK_OPS_SK = 184;
export const SK_MSG_SK = 72;
export const SK_REUSEPORT_SK = 40;
export const SOCKOPT_SK = 0;
export const SK_LOOKUP_SK = 0;
export const SK_LOOKUP_FAMILY = 8; // u32
export const SK_LOOKUP_PROTOCOL = 12; // u32

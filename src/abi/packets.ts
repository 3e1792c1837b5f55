/**
 * What runs over packets know beyond their context structure: fields of the run state from RUN_ENVIRONMENT on, 512 bytes.
 * Compiled by TypeScript and by AssemblyScript.
 */

// ---- struct sk_buff, beyond struct __sk_buff --------------------------------------------------------------

/**
 * Whether what a run has beside its context is this event's: 0 while no helper has asked for it, 1 for what follows up to
 * RUN_SKB, HOOK_READY of tracing.ts for what hooks have.
 */
export const RUN_REST_READY = 8192; // u32
/** Addresses of the headers; the transport header is 0 where it is not known. */
export const RUN_SKB_MAC = 8196; // u32
export const RUN_SKB_NETWORK = 8200; // u32
export const RUN_SKB_TRANSPORT = 8204; // u32
/** The fields SKB_* below, of the event in work; copied from the template by the first helper that asks. */
export const RUN_SKB = 8240;
export const RUN_SKB_TEMPLATE_MORE = 8344;

/** CHECKSUM_NONE, … */
export const SKB_IP_SUMMED = 0; // u32
/** The sum of the whole packet with CHECKSUM_COMPLETE. */
export const SKB_CSUM = 4; // u32
export const SKB_CSUM_LEVEL = 8; // u32
/** CHECKSUM_PARTIAL: where summing starts (in the template an offset, in the state an address), and where the sum goes. */
export const SKB_CSUM_START = 12; // u32
export const SKB_CSUM_OFFSET = 16; // u32
/** 1: the hash is known, even if it is 0. */
export const SKB_HASH_KNOWN = 20; // u32
export const SKB_ENCAPSULATION = 24; // u32
/** SKB_GSO_* */
export const SKB_GSO_TYPE = 28; // u32
export const SKB_CLASSID = 32; // u32
export const SKB_REALM = 36; // u32
/** TUNNEL_*: what is known of a tunnel; 0: nothing. */
export const SKB_TUNNEL = 40; // u32
/** TUNNEL_KEY, … as the kernel's tun_flags. */
export const SKB_TUNNEL_FLAGS = 44; // u32
export const SKB_TUNNEL_ID = 48; // u32
/** u32: address of the options, SKB_TUNNEL_OPTIONS_LEN bytes. */
export const SKB_TUNNEL_OPTIONS = 52;
export const SKB_TUNNEL_TOS = 56; // u8
export const SKB_TUNNEL_TTL = 57; // u8
export const SKB_TUNNEL_OPTIONS_LEN = 58; // u16
export const SKB_TUNNEL_LABEL = 60; // u32
/** As they stand in a packet. */
export const SKB_TUNNEL_SRC = 64; // 16 bytes
export const SKB_TUNNEL_DST = 80; // 16 bytes
export const SKB_MORE_SIZE = 104;

export const CHECKSUM_NONE = 0;
export const CHECKSUM_UNNECESSARY = 1;
export const CHECKSUM_COMPLETE = 2;
export const CHECKSUM_PARTIAL = 3;

export const SKB_GSO_TCPV4 = 1;
export const SKB_GSO_DODGY = 2;
export const SKB_GSO_TCPV6 = 16;
export const SKB_GSO_GRE = 64;
export const SKB_GSO_IPXIP4 = 256;
export const SKB_GSO_IPXIP6 = 512;
export const SKB_GSO_UDP_TUNNEL = 1024;
export const SKB_GSO_UDP_L4 = 131_072;

/** Bits of SKB_TUNNEL: there is a key; a program has set it, for transmission; its addresses are of IPv6. */
export const TUNNEL_PRESENT = 4;
export const TUNNEL_TX = 1;
export const TUNNEL_IPV6 = 2;

/** Address of the run state's own buffer for tunnel options, IP_TUNNEL_OPTS_MAX bytes; 0 until one is needed. */
export const RUN_TUNNEL_OPTIONS = 8448; // u32
export const IP_TUNNEL_OPTS_MAX = 255;

/** SKB_MAX_ALLOC of a kernel with pages of 4 KiB: no helper makes a packet longer. */
export const SKB_MAX_LEN = 16_064;

/** Bytes of an Ethernet header. */
export const ETH_HLEN = 14;

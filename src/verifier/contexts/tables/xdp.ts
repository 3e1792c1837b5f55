import { contextFor, packet, packetEnd, packetMeta, pointer, select, words } from '../fields.ts';
import type { Context, Structure } from '../types.ts';

/** struct xdp_md (uapi/linux/bpf.h; xdp_is_valid_access of net/core/filter.c). */
const XDP_MD: Structure = {
  name: 'xdp_md',
  size: 24,
  fields: [
    pointer('data', 0, packet, 4),
    pointer('data_end', 4, packetEnd, 4),
    pointer('data_meta', 8, packetMeta, 4),
    ...words(12, 'ingress_ifindex rx_queue_index egress_ifindex'),
  ],
};

const RECEIVED = 'data data_end data_meta ingress_ifindex rx_queue_index';

export const xdp: Context = contextFor(XDP_MD, select(XDP_MD, RECEIVED), 'write');
/** Programs of device map entries: they run when the packet leaves, so that the egress device is known. */
export const xdpDevmap: Context = contextFor(XDP_MD, XDP_MD.fields, 'write');

import {
  ANY_WIDTH,
  contextFor,
  field,
  narrowWords,
  packet,
  packetEnd,
  packetMeta,
  pointer,
  select,
  socketCommonOrNull,
  words,
  writable,
} from '../fields.ts';
import type { Context, Field, Structure } from '../types.ts';

/** struct __sk_buff (uapi/linux/bpf.h); each type of program sees some of it (net/core/filter.c). */
const SK_BUFF: Structure = {
  name: '__sk_buff',
  size: 192,
  fields: [
    ...narrowWords(0, 'len pkt_type mark queue_mapping protocol vlan_present vlan_tci vlan_proto priority'),
    ...narrowWords(36, 'ingress_ifindex ifindex tc_index'),
    field('cb', 48, 20, ANY_WIDTH),
    ...narrowWords(68, 'hash tc_classid'),
    pointer('data', 76, packet, 4),
    pointer('data_end', 80, packetEnd, 4),
    ...narrowWords(84, 'napi_id family'),
    ...words(92, 'remote_ip4 local_ip4 remote_ip6[4] local_ip6[4]'),
    ...narrowWords(132, 'remote_port local_port'),
    pointer('data_meta', 140, packetMeta, 4),
    pointer('flow_keys', 144, { kind: 'flowKeys' }),
    field('tstamp', 152, 8),
    ...narrowWords(160, 'wire_len gso_segs'),
    pointer('sk', 168, socketCommonOrNull),
    ...narrowWords(176, 'gso_size'),
    field('tstamp_type', 180, 1),
    field('hwtstamp', 184, 8),
  ],
};

const UNMARKED =
  'len pkt_type queue_mapping protocol vlan_present vlan_tci vlan_proto priority ingress_ifindex ifindex ' +
  'tc_index cb hash napi_id gso_segs sk gso_size';
const COMMON = `${UNMARKED} mark`;
const DATA = 'data data_end';
const CONNECTION = 'family remote_ip4 local_ip4 remote_ip6 local_ip6 remote_port local_port';

const withControlBlock = (fields: readonly Field[]): Field[] =>
  fields.map((one) => (one.name === 'cb' ? writable(one, ANY_WIDTH) : one));

/** What the program sees, and what of it it may write beside the control block. */
const view = (names: string, written: string): Field[] => withControlBlock(select(SK_BUFF, names, written));

export const socketFilter: Context = contextFor(SK_BUFF, view(COMMON, ''));

export const sched: Context = contextFor(
  SK_BUFF,
  view(
    `${COMMON} ${DATA} data_meta tc_classid tstamp wire_len tstamp_type hwtstamp`,
    'mark queue_mapping priority tc_index tc_classid tstamp',
  ),
  'write',
);

export const cgroupSkb: Context = contextFor(
  SK_BUFF,
  view(`${COMMON} ${DATA} ${CONNECTION} tstamp hwtstamp`, 'mark priority tstamp'),
  'read',
);

/** Without CAP_BPF: no packet pointers, which a program could compare to learn addresses, and no time to set. */
export const cgroupSkbUnprivileged: Context = contextFor(
  SK_BUFF,
  view(`${COMMON} ${CONNECTION} tstamp hwtstamp`, 'mark priority'),
);

const lwtFields = view(`${COMMON} ${DATA}`, 'mark priority');
export const lwt: Context = contextFor(SK_BUFF, lwtFields, 'read');
export const lwtXmit: Context = contextFor(SK_BUFF, lwtFields, 'write');

export const skSkb: Context = contextFor(
  SK_BUFF,
  select(SK_BUFF, `${UNMARKED} ${DATA} ${CONNECTION}`, 'priority tc_index'),
  'write',
);

export const flowDissector: Context = contextFor(SK_BUFF, select(SK_BUFF, `${DATA} flow_keys`), 'read');

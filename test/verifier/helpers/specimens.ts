import type { ProgramType } from '../../../src/frontend/program.ts';
import { SPECIAL_VALUE } from './mapBtf.ts';
import type { MapIds, MapName } from './maps.ts';
import { kernelOffset, type Place } from './places.ts';

/** A register of some kind: assembly that leaves it in r0. r6 is the context; r1 to r5 are free. */
export interface Specimen {
  /** The register's type as the kernel's log prints it; '' where no call gets to see it. */
  readonly register: string;
  /** May jump to `bail`, which ends the program, and name the function `callback`. */
  readonly code: () => string;
}

const DYNPTR = -80;
const SKB = { data: 76, dataEnd: 80, sk: 168 } as const;
const XDP_MD = { data: 0, dataEnd: 4 } as const;
/** Where contexts have the packet's beginning and end. */
const PACKET_FIELDS: Readonly<
  Partial<Record<ProgramType, readonly [size: string, data: number, end: number]>>
> = {
  sched_cls: ['u32', 76, 80],
  sched_act: ['u32', 76, 80],
  lwt_in: ['u32', 76, 80],
  lwt_out: ['u32', 76, 80],
  lwt_xmit: ['u32', 76, 80],
  sk_skb: ['u32', 76, 80],
  cgroup_skb: ['u32', 76, 80],
  xdp: ['u32', 0, 4],
  sk_msg: ['u64', 0, 8],
  sock_ops: ['u64', 192, 200],
};
const TUPLE_BYTES = 12;

const specimen = (register: string, code: string): Specimen => ({ register, code: () => code });

/** `code` leaves a pointer or NULL; NULL ends the program. */
const checked = (register: string, code: string): Specimen => ({
  register,
  code: () => `${code}\nif r0 == 0 goto bail`,
});

export const uninit = specimen('', '');
export const scalar = (value: number): Specimen => specimen('scalar', `r0 = ${value}`);
export const NULL = scalar(0);
export const unknownScalar = specimen('scalar', 'call 7');
export const context = specimen('ctx', 'r0 = r6');
/** Not aligned to any integer. */
export const oddStack = specimen('fp', 'r0 = r10\nr0 += -61');
export const stack = (bytes = 64): Specimen => specimen('fp', `r0 = r10\nr0 += ${-bytes}`);
export const callback = specimen('func', 'r0 = subprog[callback]');
/** 40 bytes of the stack that no program here writes. */
const UNWRITTEN = -120;
export const unwritten = specimen('fp', `r0 = r10\nr0 += ${UNWRITTEN}`);
export const newDynptr = specimen('fp', `r0 = r10\nr0 += ${DYNPTR}`);
export const task = specimen('trusted_ptr_', 'call 158');
export const registers = specimen('ptr_', 'call 158\nr1 = r0\ncall 175');
/** An argument of a BTF-typed context. */
export const contextWord = (register: string, offset: number): Specimen =>
  checked(register, `r0 = *(u64 *)(r6 + ${offset})`);
export const sequence = specimen('ptr_', 'r0 = *(u64 *)(r6 + 0)\nr0 = *(u64 *)(r0 + 0)');

/** &file->f_path of the task_file iterator's file. */
export const filePath: Specimen = {
  register: 'ptr_',
  code: () => `${contextWord('ptr_', 24).code()}\nr0 += ${kernelOffset('file', 'f_path')}`,
};

export const mapPointer = (maps: MapIds, map: MapName): Specimen =>
  specimen('map_ptr', `r0 = map[fd:${maps[map]}]`);
export const mapValue = (maps: MapIds, map: MapName, offset = 0): Specimen =>
  specimen('map_value', `r0 = map[fd:${maps[map]}][0]+${offset}`);
export const lock = (maps: MapIds): Specimen => mapValue(maps, 'special', SPECIAL_VALUE.lock);
export const timer = (maps: MapIds): Specimen => mapValue(maps, 'special', SPECIAL_VALUE.timer);
export const kptr = (maps: MapIds): Specimen => mapValue(maps, 'special', SPECIAL_VALUE.kptr);

export const unchecked = (maps: MapIds): Specimen =>
  specimen('map_value_or_null', `r1 = map[fd:${maps.array}]\nr2 = r10\nr2 += -64\ncall 1`);
export const ringRecord = (maps: MapIds): Specimen =>
  checked('ringbuf_mem', `r1 = map[fd:${maps.ring}]\nr2 = 8\nr3 = 0\ncall 131`);
const dynptrAt = `r4 = r10\nr4 += ${DYNPTR}`;
export const dynptr = (maps: MapIds): Specimen =>
  specimen(
    'fp',
    `r1 = map[fd:${maps.array}][0]+0\nr2 = 8\nr3 = 0\n${dynptrAt}\ncall 197\n${newDynptr.code()}`,
  );
export const ringDynptr = (maps: MapIds): Specimen =>
  specimen('fp', `r1 = map[fd:${maps.ring}]\nr2 = 8\nr3 = 0\n${dynptrAt}\ncall 198\n${newDynptr.code()}`);

const packet = ({ data, dataEnd }: { readonly data: number; readonly dataEnd: number }): Specimen =>
  specimen(
    'pkt',
    `r0 = *(u32 *)(r6 + ${data})\nr1 = *(u32 *)(r6 + ${dataEnd})\nr2 = r0\nr2 += 64\nif r2 > r1 goto bail`,
  );
export const skbPacket = packet(SKB);
export const xdpPacket = packet(XDP_MD);
export const sockCommon = checked('sock_common', `r0 = *(u64 *)(r6 + ${SKB.sk})`);
const fromSk = (register: string, helper: number): Specimen =>
  checked(register, `${sockCommon.code()}\nr1 = r0\ncall ${helper}`);
export const fullSocket = fromSk('sock', 95);
export const tcpSock = fromSk('tcp_sock', 96);
export const tcpSockBtf = fromSk('ptr_', 137);
export const lookedUpSocket = checked(
  'sock',
  `r1 = r6\nr2 = r10\nr2 += -64\nr3 = ${TUPLE_BYTES}\nr4 = -1\nr5 = 0\ncall 84`,
);

/** Leaves a packet pointer with 8 proved bytes in r7; undefined where programs cannot look into packets. */
export function packetIn7({ type }: Place): string | undefined {
  const fields = PACKET_FIELDS[type];
  if (fields === undefined) return undefined;
  const [size, data, end] = fields;
  return `r7 = *(${size} *)(r6 + ${data})\nr1 = *(${size} *)(r6 + ${end})\nr2 = r7\nr2 += 8\nif r2 > r1 goto bail`;
}

/** Whether programs of this place have `struct __sk_buff` with the fields that the socket specimens use. */
export const hasSkb = ({ type }: Place): boolean =>
  type === 'sched_cls' || type === 'sched_act' || type === 'cgroup_skb';

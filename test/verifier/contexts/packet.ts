import type { Context, Field, PacketAccess } from '../../../src/verifier/contexts/index.ts';
import { isRefusal, type KernelJudge } from '../../kernel/kernel.ts';
import { encode } from './measure.ts';
import type { Site } from './sites.ts';

const load = (register: number, { offset, size }: Field): Buffer =>
  encode(size === 8 ? 0x79 : 0x61, register, 1, offset, 0);

/** Loads start and end, proves that there are four bytes between them, and does `access` to them (from r2 on). */
const programOf = (start: Field, end: Field, access: Buffer): Buffer =>
  Buffer.concat([
    load(2, start),
    load(3, end),
    encode(0xbf, 4, 2, 0, 0),
    encode(0x07, 4, 0, 0, 4),
    encode(0x2d, 4, 3, access.length / 8, 0),
    access,
    encode(0xb7, 0, 0, 0, 1),
    encode(0x95, 0, 0, 0, 0),
  ]);

const LOAD = encode(0x71, 0, 2, 0, 0);
const STORE = encode(0x72, 2, 0, 0, 0);
/** bpf_map_lookup_elem, which every program may call, with a key in the packet. */
const lookup = (map: number): Buffer =>
  Buffer.concat([encode(0x18, 1, 1, 0, map), encode(0, 0, 0, 0, 0), encode(0x85, 0, 0, 0, 1)]);

const ARRAY = 2;

/** Asks the kernel whether programs may read and write the packet, and hand it to helpers. */
export async function measurePacket(
  judge: KernelJudge,
  { candidate }: Site,
  { fields }: Context,
): Promise<PacketAccess> {
  const start = fields.find(({ yields }) => yields.kind === 'packet');
  const end = fields.find(({ yields }) => yields.kind === 'packetEnd');
  if (start === undefined || end === undefined) return 'none';
  const may = async (access: Buffer) =>
    (await judge.verify({ ...candidate, code: programOf(start, end, access) })).errno === 0;
  await judge.reset();
  const map = await judge.map(ARRAY, 4, 4, 1, 0);
  if (isRefusal(map) || !(await may(LOAD))) return 'none';
  if (!(await may(lookup(map.id)))) return 'loads';
  return (await may(STORE)) ? 'write' : 'read';
}

import type { Context, Field, PacketAccess } from '../../../src/verifier/contexts/index.ts';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { encode } from './measure.ts';
import type { Site } from './sites.ts';

const load = (register: number, { offset, size }: Field): Buffer =>
  encode(size === 8 ? 0x79 : 0x61, register, 1, offset, 0);

/** Loads start and end, proves that there is a byte between them, and does `access` to it (in r2). */
const programOf = (start: Field, end: Field, access: Buffer): Buffer =>
  Buffer.concat([
    load(2, start),
    load(3, end),
    encode(0xbf, 4, 2, 0, 0),
    encode(0x07, 4, 0, 0, 1),
    encode(0x2d, 4, 3, 1, 0),
    access,
    encode(0xb7, 0, 0, 0, 1),
    encode(0x95, 0, 0, 0, 0),
  ]);

const READ = encode(0x71, 0, 2, 0, 0);
const WRITE = encode(0x72, 2, 0, 0, 0);

/** Asks the kernel whether programs may read and write the packet. */
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
  if (await may(WRITE)) return 'write';
  return (await may(READ)) ? 'read' : 'none';
}

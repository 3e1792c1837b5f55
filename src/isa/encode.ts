/** From instructions to bytes: the inverse of `decode.ts`. */
import { WebpfError } from '../errors.ts';
import { MAX_REGISTER, SLOT_BYTES } from './decode.ts';
import { type Insn, slotsOf } from './insn.ts';
import { type FieldName, type Row, rowOf } from './rows.ts';

const RANGES: Readonly<Record<FieldName, readonly [number, number]>> = {
  dst: [0, MAX_REGISTER],
  src: [0, MAX_REGISTER],
  off: [-0x8000, 0x7fff],
  imm: [-0x80000000, 0x7fffffff],
  next: [-0x80000000, 0x7fffffff],
};

const fail = (slot: number, message: string): never => {
  throw new WebpfError('bad-instruction', `insn ${slot}: ${message}`, { stage: 'isa', insn: slot });
};

const fieldValue = (
  insn: Readonly<Record<string, unknown>>,
  row: Row,
  name: FieldName,
  slot: number,
): number => {
  const field = row.fields[name];
  if (typeof field === 'number') return field;
  const value = insn[field];
  const [low, high] = RANGES[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  return fail(slot, `${row.name}: ${field} is ${value}, but must be an integer from ${low} to ${high}`);
};

const writeInsn = (view: DataView, insn: Insn, slot: number): void => {
  const row = rowOf(insn) ?? fail(slot, `no instruction has these properties: ${JSON.stringify(insn)}`);
  const fields = { ...insn };
  const at = slot * SLOT_BYTES;
  view.setUint8(at, row.opcode);
  view.setUint8(at + 1, fieldValue(fields, row, 'dst', slot) | (fieldValue(fields, row, 'src', slot) << 4));
  view.setInt16(at + 2, fieldValue(fields, row, 'off', slot), true);
  view.setInt32(at + 4, fieldValue(fields, row, 'imm', slot), true);
  if (slotsOf(insn) === 2) view.setInt32(at + 12, fieldValue(fields, row, 'next', slot), true);
};

/**
 * Encodes instructions one after another, 8 bytes a slot, little-endian.
 *
 * @throws WebpfError 'bad-instruction' when the set has no such instruction or a field is out of its range
 */
export function encode(insns: readonly Insn[]): Uint8Array {
  const slots = insns.reduce((sum, insn) => sum + slotsOf(insn), 0);
  const code = new Uint8Array(slots * SLOT_BYTES);
  const view = new DataView(code.buffer);
  let slot = 0;
  for (const insn of insns) {
    writeInsn(view, insn, slot);
    slot += slotsOf(insn);
  }
  return code;
}

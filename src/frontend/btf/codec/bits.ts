/** Little-endian integers of any width in a DataView, as unsigned bigints. */

export function readBytes(view: DataView, at: number, size: number): bigint {
  if (size === 8) return view.getBigUint64(at, true);
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
  return value;
}

export function writeBytes(view: DataView, at: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
}

/** A bitfield: `bits` from `bitOffset` on, counted from the lowest bit of the byte at `at`. */
export interface BitField {
  readonly at: number;
  readonly bitOffset: number;
  readonly bits: number;
}

const place = ({ at, bitOffset, bits }: BitField) => {
  const first = at + (bitOffset >> 3);
  const shift = bitOffset & 7;
  return { first, shift: BigInt(shift), size: (shift + bits + 7) >> 3 };
};

export function readBits(view: DataView, field: BitField): bigint {
  const { first, shift, size } = place(field);
  return BigInt.asUintN(field.bits, readBytes(view, first, size) >> shift);
}

export function writeBits(view: DataView, field: BitField, value: bigint): void {
  const { first, shift, size } = place(field);
  const mask = ((1n << BigInt(field.bits)) - 1n) << shift;
  const kept = readBytes(view, first, size) & ~mask;
  writeBytes(view, first, size, kept | ((value << shift) & mask));
}

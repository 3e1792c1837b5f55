/**
 * Where the code of each eBPF instruction is in a module: what leads from a WebAssembly stack trace, whose frames name
 * byte offsets, back to the program. Kept in a custom section of the artifact.
 */
import { leb, Reader } from './wasm.ts';

/** Marks code that belongs to no instruction. */
export const NOWHERE = -1;

/** Code from `offsets[i]` on, up to the next offset, belongs to `slots[i]`. */
export interface Positions {
  /** Bytes from the start of the module, ascending. */
  readonly offsets: readonly number[];
  /** Slots of the program, or NOWHERE. */
  readonly slots: readonly number[];
}

/** Slot of the instruction that the code at an offset belongs to; undefined where it belongs to none. */
export function slotAt({ offsets, slots }: Positions, offset: number): number | undefined {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const slot = slots[low - 1] ?? NOWHERE;
  return slot === NOWHERE ? undefined : slot;
}

/** Signed to positive, small to small: 0 → 1, -1 → 2, 1 → 3, … 0 is left for NOWHERE. */
const positive = (value: number): number => (value < 0 ? -2 * value : 2 * value + 1);
const signed = (value: number): number => (value % 2 === 1 ? (value - 1) / 2 : -value / 2);

/** The distances from offset to offset and from slot to slot in turn, LEB128; a slot of NOWHERE is 0. */
export function encodePositions({ offsets, slots }: Positions): Uint8Array {
  const bytes: number[] = [];
  let [lastOffset, lastSlot] = [0, 0];
  offsets.forEach((offset, i) => {
    const slot = slots[i] ?? NOWHERE;
    leb(bytes, offset - lastOffset);
    leb(bytes, slot === NOWHERE ? 0 : positive(slot - lastSlot));
    lastOffset = offset;
    if (slot !== NOWHERE) lastSlot = slot;
  });
  return Uint8Array.from(bytes);
}

/** @throws WebpfError 'bad-argument' when the bytes end within a number */
export function decodePositions(bytes: Uint8Array): Positions {
  const reader = new Reader(bytes, 0, bytes.length);
  const offsets: number[] = [];
  const slots: number[] = [];
  let [offset, slot] = [0, 0];
  while (reader.at < reader.end) {
    offset += reader.u32();
    const distance = reader.u32();
    if (distance !== 0) slot += signed(distance);
    offsets.push(offset);
    slots.push(distance === 0 ? NOWHERE : slot);
  }
  return { offsets, slots };
}

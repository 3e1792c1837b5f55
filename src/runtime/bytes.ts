/** Small things about bytes that the runtime needs in several places. */

export const equalBytes: (a: Uint8Array, b: Uint8Array) => boolean =
  typeof Buffer === 'undefined'
    ? (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index])
    : (a, b) => Buffer.compare(a, b) === 0;

/** Whether `length` bytes are the same, from `at` in `a` and from `from` in `b`; without arrays for the two. */
export function equalRanges(a: Uint8Array, at: number, b: Uint8Array, from: number, length: number): boolean {
  if (typeof Buffer === 'undefined')
    return equalBytes(a.subarray(at, at + length), b.subarray(from, from + length));
  return Buffer.prototype.compare.call(a, b, from, from + length, at, at + length) === 0;
}

/** A u32 as map keys and references are stored: little-endian. */
export const u32Bytes = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Values and keys stand 8 bytes apart, or a multiple. */
export const align8 = (size: number): number => (size + 7) & ~7;

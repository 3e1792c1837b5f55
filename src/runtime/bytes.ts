/** Small things about bytes that the runtime needs in several places. */

export const equalBytes: (a: Uint8Array, b: Uint8Array) => boolean =
  typeof Buffer === 'undefined'
    ? (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index])
    : (a, b) => Buffer.compare(a, b) === 0;

/** A u32 as map keys and references are stored: little-endian. */
export const u32Bytes = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Values and keys stand 8 bytes apart, or a multiple. */
export const align8 = (size: number): number => (size + 7) & ~7;

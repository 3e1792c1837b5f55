/** Small pcapng files for tests, block by block. */

export class NgBuilder {
  readonly #little: boolean;
  readonly #parts: Uint8Array[] = [];

  constructor(little = true) {
    this.#little = little;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#parts.flatMap((part) => [...part]));
  }

  /** A block, padded, with its length on both sides. */
  block(type: number, ...body: readonly Uint8Array[]): this {
    const inner = pad(Uint8Array.from(body.flatMap((part) => [...part])));
    const size = this.u32(inner.length + 12);
    this.#parts.push(this.u32(type), size, inner, size);
    return this;
  }

  section(): this {
    return this.block(0x0a0d0d0a, this.u32(0x1a2b3c4d), this.u16(1, 0), this.u32(0xffffffff, 0xffffffff));
  }

  interface(linkType: number, snapLength: number, ...options: readonly Uint8Array[]): this {
    return this.block(1, this.u16(linkType, 0), this.u32(snapLength), ...options);
  }

  enhanced(index: number, ticks: bigint, data: Uint8Array, original = data.length): this {
    const times = this.u32(Number(ticks >> 32n), Number(ticks & 0xffffffffn));
    return this.block(6, this.u32(index), times, this.u32(data.length, original), pad(data));
  }

  simple(original: number, data: Uint8Array): this {
    return this.block(3, this.u32(original), pad(data));
  }

  obsolete(index: number, ticks: bigint, data: Uint8Array): this {
    const times = this.u32(Number(ticks >> 32n), Number(ticks & 0xffffffffn));
    return this.block(2, this.u16(index, 0), times, this.u32(data.length, data.length), pad(data));
  }

  option(code: number, value: Uint8Array): Uint8Array {
    return Uint8Array.from([...this.u16(code, value.length), ...pad(value)]);
  }

  u16(...values: readonly number[]): Uint8Array {
    return pack(values, 2, (view, at, value) => view.setUint16(at, value, this.#little));
  }

  u32(...values: readonly number[]): Uint8Array {
    return pack(values, 4, (view, at, value) => view.setUint32(at, value, this.#little));
  }

  i64(value: bigint): Uint8Array {
    return pack([value], 8, (view, at, item) => view.setBigInt64(at, item, this.#little));
  }
}

function pack<T>(values: readonly T[], size: number, set: (view: DataView, at: number, value: T) => void) {
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    set(view, index * size, value);
  });
  return bytes;
}

function pad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  return padded;
}

/** `length` bytes that differ from their neighbours and from those of another seed. */
export const packetOf = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 31) & 0xff);

/** Bytes of encode.ts to plain data. */
import { badArgument } from '../argument.ts';
import * as tags from './tags.ts';

/** Data of webpf's is not so deep; damaged bytes could be. */
const MAX_DEPTH = 64;

const corrupt = (what: string): never => {
  throw badArgument(`this data is damaged: ${what}`);
};

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  readonly #texts: string[] = [];
  readonly #seen: object[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end(): void {
    if (this.#at < this.#bytes.length) corrupt(`it goes on after byte ${this.#at}, where it should end`);
  }

  read(depth = 0): unknown {
    if (depth > MAX_DEPTH) return corrupt(`at byte ${this.#at} it is nested too deep`);
    const tag = this.#byte();
    switch (tag) {
      case tags.UNDEFINED:
        return undefined;
      case tags.NULL:
        return null;
      case tags.FALSE:
        return false;
      case tags.TRUE:
        return true;
      case tags.INTEGER:
        return this.#count();
      case tags.NEGATIVE:
        return -1 - this.#count();
      case tags.FLOAT:
        return this.#view.getFloat64(this.#skip(8), true);
      case tags.BIG:
        return this.#big(this.read(depth + 1));
      case tags.TEXT:
      case tags.SAME_TEXT:
        return this.#text(tag);
      case tags.BYTES:
        return this.#slice(this.#count()).slice();
      case tags.SAME:
        return this.#seen[this.#count()] ?? corrupt('it refers to what is not there');
      default:
        return this.#object(tag, depth);
    }
  }

  #object(tag: number, depth: number): object {
    if (tag !== tags.LIST && tag !== tags.MAP && tag !== tags.RECORD)
      return corrupt(`byte ${this.#at - 1} is ${tag}, which begins nothing`);
    const count = this.#length();
    if (tag === tags.LIST) return this.#list(this.#known([]), count, depth);
    if (tag === tags.MAP) return this.#map(this.#known(new Map()), count, depth);
    return this.#record(this.#known({}), count, depth);
  }

  #known<T extends object>(value: T): T {
    this.#seen.push(value);
    return value;
  }

  #list(list: unknown[], count: number, depth: number): unknown[] {
    for (let i = 0; i < count; i++) list.push(this.read(depth + 1));
    return list;
  }

  #map(map: Map<unknown, unknown>, count: number, depth: number): Map<unknown, unknown> {
    for (let i = 0; i < count; i++) map.set(this.read(depth + 1), this.read(depth + 1));
    return map;
  }

  #record(record: Record<string, unknown>, count: number, depth: number): Record<string, unknown> {
    for (let i = 0; i < count; i++) {
      const name = this.#text(this.#byte());
      const value = this.read(depth + 1);
      // As an assignment, a field of the name __proto__ would be none.
      Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return record;
  }

  #big(digits: unknown): bigint {
    if (typeof digits === 'string' && /^-?\d{1,40}$/.test(digits)) return BigInt(digits);
    return corrupt(`before byte ${this.#at} there is no whole number`);
  }

  #text(tag: number): string {
    if (tag === tags.SAME_TEXT)
      return this.#texts[this.#count()] ?? corrupt('it refers to what is not there');
    if (tag !== tags.TEXT) return corrupt(`before byte ${this.#at} there is no text`);
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#slice(this.#count()));
    this.#texts.push(text);
    return text;
  }

  /** A number of elements: each takes a byte at least. */
  #length(): number {
    const count = this.#count();
    return count <= this.#bytes.length - this.#at ? count : corrupt(`it ends before its ${count} elements`);
  }

  #count(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return corrupt(`the number before byte ${this.#at} is too long`);
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)] ?? 0;
  }

  #slice(size: number): Uint8Array {
    const start = this.#skip(size);
    return this.#bytes.subarray(start, start + size);
  }

  /** Skips `size` bytes; returns where they start. */
  #skip(size: number): number {
    const start = this.#at;
    if (size > this.#bytes.length - start)
      corrupt(`byte ${start} announces ${size} bytes, but ${this.#bytes.length - start} are left`);
    this.#at += size;
    return start;
  }
}

/** @throws WebpfError 'bad-argument' for bytes that encodePlain does not write */
export function decodePlain(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.read();
  reader.end();
  return value;
}

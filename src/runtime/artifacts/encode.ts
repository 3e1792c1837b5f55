/** Plain data to bytes: what structured clone carries of it. What is referred to twice is written once. */
import { badArgument } from '../argument.ts';
import * as tags from './tags.ts';

const utf8 = new TextEncoder();

class Writer {
  #bytes = new Uint8Array(4096);
  #length = 0;
  readonly #texts = new Map<string, number>();
  readonly #seen = new Map<object, number>();

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  write(value: unknown): void {
    if (value === undefined) this.#byte(tags.UNDEFINED);
    else if (value === null) this.#byte(tags.NULL);
    else if (typeof value === 'boolean') this.#byte(value ? tags.TRUE : tags.FALSE);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'bigint') this.#big(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof Uint8Array) this.#sized(tags.BYTES, value);
    else if (typeof value === 'object') this.#object(value);
    else throw badArgument(`a ${typeof value} is no plain data: it cannot be written down`);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#byte(tags.FLOAT);
      this.#append(new Uint8Array(new Float64Array([value]).buffer));
    } else if (value < 0) this.#counted(tags.NEGATIVE, -1 - value);
    else this.#counted(tags.INTEGER, value);
  }

  #big(value: bigint): void {
    this.#byte(tags.BIG);
    this.#text(value.toString());
  }

  #text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) this.#counted(tags.SAME_TEXT, known);
    else {
      this.#texts.set(text, this.#texts.size);
      this.#sized(tags.TEXT, utf8.encode(text));
    }
  }

  #object(value: object): void {
    const known = this.#seen.get(value);
    if (known !== undefined) this.#counted(tags.SAME, known);
    else {
      this.#seen.set(value, this.#seen.size);
      this.#contents(value);
    }
  }

  #contents(value: object): void {
    if (Array.isArray(value)) this.#list(tags.LIST, value.length, value);
    else if (value instanceof Map) this.#list(tags.MAP, value.size, [...value].flat());
    else if (Object.getPrototypeOf(value) === Object.prototype) {
      const fields = Object.entries(value);
      this.#list(tags.RECORD, fields.length, fields.flat());
    } else throw badArgument(`a ${value.constructor?.name} is no plain data: it cannot be written down`);
  }

  #list(tag: number, count: number, values: readonly unknown[]): void {
    this.#counted(tag, count);
    for (const value of values) this.write(value);
  }

  #sized(tag: number, bytes: Uint8Array): void {
    this.#counted(tag, bytes.length);
    this.#append(bytes);
  }

  #counted(tag: number, value: number): void {
    this.#byte(tag);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#byte((rest % 0x80) | 0x80);
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/**
 * The same data gives the same bytes, as long as its fields are in the same order.
 *
 * @throws WebpfError 'bad-argument' for functions, symbols, and objects of classes
 */
export function encodePlain(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.write(value);
  return writer.bytes;
}

/** Sections of WebAssembly modules: enough to add and find custom sections, and to measure functions. */
import { concat } from '../concat.ts';
import { WebpfError } from '../errors.ts';

/** A section of a module: [start, end) are its contents. */
export interface Section {
  /** Where it begins, its head included. */
  readonly at: number;
  readonly id: number;
  /** Name of a custom section, '' for others; `start` is behind it. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const CUSTOM = 0;
const CODE = 10;

const corrupt = (message: string): never => {
  throw new WebpfError('bad-argument', `not a webpf artifact: ${message}`, { stage: 'jit' });
};

/** Reads LEB128 numbers, unsigned ones of at most 32 bits, within bounds. */
export class Reader {
  readonly #bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) corrupt(`it ends at byte ${this.end}, in the middle of a section`);
    return this.#bytes[this.at++] ?? 0;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return corrupt(`a number at byte ${this.at} is too long`);
  }

  /** A signed number of at most 64 bits. */
  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, value);
    }
    return corrupt(`a number at byte ${this.at} is too long`);
  }

  /** Skips `size` bytes; returns where they start. */
  skip(size: number): number {
    const start = this.at;
    if (size > this.end - start)
      corrupt(`byte ${start} announces ${size} bytes, but ${this.end - start} are left`);
    this.at += size;
    return start;
  }
}

const readSection = (bytes: Uint8Array, reader: Reader): Section => {
  const { at } = reader;
  const id = reader.byte();
  const start = reader.skip(reader.u32());
  const end = reader.at;
  if (id !== CUSTOM) return { at, id, name: '', start, end };
  const inner = new Reader(bytes, start, end);
  const from = inner.skip(inner.u32());
  return { at, id, name: new TextDecoder().decode(bytes.subarray(from, inner.at)), start: inner.at, end };
};

/** The sections in order. Throws on what is not a module. */
export function readSections(bytes: Uint8Array): Section[] {
  if (MAGIC.some((byte, index) => bytes[index] !== byte))
    corrupt('it does not begin as a WebAssembly module');
  const reader = new Reader(bytes, MAGIC.length, bytes.length);
  const sections: Section[] = [];
  while (reader.at < reader.end) sections.push(readSection(bytes, reader));
  return sections;
}

/** The module but for its last section. */
export const withoutLastSection = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, readSections(bytes).at(-2)?.end ?? MAGIC.length);

/** Bytes of each function's body. */
export function bodySizes(bytes: Uint8Array): number[] {
  const code = readSections(bytes).find(({ id }) => id === CODE);
  if (!code) return [];
  const reader = new Reader(bytes, code.start, code.end);
  return Array.from({ length: reader.u32() }, () => {
    const size = reader.u32();
    reader.skip(size);
    return size;
  });
}

/** Appends an unsigned LEB128 number. */
export function leb(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

const lebOf = (value: number): number[] => {
  const bytes: number[] = [];
  leb(bytes, value);
  return bytes;
};

const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => concat(parts);

/** A text behind its length. */
const nameBytes = (text: string): Uint8Array => {
  const bytes = new TextEncoder().encode(text);
  return join(lebOf(bytes.length), bytes);
};

/** The module with a custom section at its end. */
export function appendSection(bytes: Uint8Array, name: string, contents: Uint8Array): Uint8Array {
  const label = nameBytes(name);
  return join(bytes, [CUSTOM, ...lebOf(label.length + contents.length)], label, contents);
}

const NAMES = 'name';
const MODULE_NAME = 0;

/** The module, whose last section gives names to its functions, with a name of its own. */
export function nameModule(bytes: Uint8Array, name: string): Uint8Array {
  const sections = readSections(bytes);
  const names = sections.at(-1);
  if (names?.name !== NAMES) corrupt(`its last section is not "${NAMES}"`);
  const label = nameBytes(name);
  const contents = join([MODULE_NAME, ...lebOf(label.length)], label, bytes.subarray(names?.start));
  return appendSection(withoutLastSection(bytes), NAMES, contents);
}

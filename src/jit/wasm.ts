/** Sections of WebAssembly modules: enough to add and find custom sections, and to measure functions. */
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

/** Reads unsigned LEB128 numbers of at most 32 bits, within bounds. */
class Reader {
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

const leb = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
};

/** The module with a custom section at its end. */
export function appendSection(bytes: Uint8Array, name: string, contents: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode(name);
  const length = leb(label.length);
  const head = [CUSTOM, ...leb(length.length + label.length + contents.length), ...length, ...label];
  const whole = new Uint8Array(bytes.length + head.length + contents.length);
  whole.set(bytes);
  whole.set(head, bytes.length);
  whole.set(contents, bytes.length + head.length);
  return whole;
}

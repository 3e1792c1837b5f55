import { type ErrorCode, WebpfError } from '../errors.ts';

/** Where a reader reads: which error it raises and how it names the bytes. */
export interface Origin {
  readonly code: ErrorCode;
  /** What the bytes are, for messages: `section '.BTF'`. */
  readonly what: string;
  /** Name of the file. */
  readonly subject: string;
}

const utf8 = new TextDecoder();

/** Little-endian reader over bytes nobody vouches for: every access is checked against the length. */
export class ByteReader {
  readonly length: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly origin: Origin;

  constructor(bytes: Uint8Array, origin: Origin) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.origin = origin;
  }

  /** An error about these bytes, for the caller to throw. */
  error(message: string): WebpfError {
    const { code, what, subject } = this.origin;
    return new WebpfError(code, `${subject}: ${what}: ${message}`, { stage: 'frontend', subject });
  }

  /** Throws unless [at, at + size) lies inside. */
  need(at: number, size: number, field: string): void {
    if (at >= 0 && size >= 0 && at + size <= this.length) return;
    throw this.error(
      `${field} at offset ${at} needs ${size} bytes, but only ${this.length} exist; the file is truncated or corrupt`,
    );
  }

  u8(at: number, field: string): number {
    this.need(at, 1, field);
    return this.view.getUint8(at);
  }

  u16(at: number, field: string): number {
    this.need(at, 2, field);
    return this.view.getUint16(at, true);
  }

  u32(at: number, field: string): number {
    this.need(at, 4, field);
    return this.view.getUint32(at, true);
  }

  i32(at: number, field: string): number {
    this.need(at, 4, field);
    return this.view.getInt32(at, true);
  }

  u64(at: number, field: string): bigint {
    this.need(at, 8, field);
    return this.view.getBigUint64(at, true);
  }

  /** A 64-bit offset or size as a number; beyond 2^53 no file reaches. */
  offset(at: number, field: string): number {
    const value = this.u64(at, field);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.error(`${field} ${value} is beyond any file`);
    return Number(value);
  }

  /** A view of the bytes, not a copy. */
  slice(at: number, size: number, field: string): Uint8Array {
    this.need(at, size, field);
    return this.bytes.subarray(at, at + size);
  }
}

/** Long strings in real objects are source lines and mangled names; this is far beyond both. */
const MAX_STRING = 65536;
/** Linkers merge strings with a common tail, so text may be used more than once; hostile tables do so without end. */
const MAX_REUSE = 16;

/** NUL-terminated strings by offset (ELF string tables, BTF strings), decoded once each. */
export class StringTable {
  private readonly bytes: Uint8Array;
  private readonly origin: Origin;
  private readonly base: StringTable | undefined;
  private readonly cache = new Map<number, string>();
  private budget: number;

  /** @param base a table that this one continues: offsets within it are its */
  constructor(bytes: Uint8Array, origin: Origin, base?: StringTable) {
    this.bytes = bytes;
    this.origin = origin;
    this.base = base;
    this.budget = MAX_STRING + bytes.length * MAX_REUSE;
  }

  private get start(): number {
    return this.base === undefined ? 0 : this.base.start + this.base.bytes.length;
  }

  at(offset: number, field: string): string {
    if (this.base !== undefined && offset < this.start) return this.base.at(offset, field);
    const known = this.cache.get(offset);
    if (known !== undefined) return known;
    const text = this.decode(offset, field);
    this.cache.set(offset, text);
    return text;
  }

  private decode(offset: number, field: string): string {
    const at = offset - this.start;
    if (at >= this.bytes.length) {
      throw this.error(
        `${field}: string offset ${offset} is outside the table of ${this.bytes.length} bytes`,
      );
    }
    const end = this.bytes.indexOf(0, at);
    if (end < 0) throw this.error(`${field}: the string at offset ${offset} has no terminating NUL`);
    this.spend(end - at, field);
    return utf8.decode(this.bytes.subarray(at, end));
  }

  private spend(length: number, field: string): void {
    this.budget -= length;
    if (length > MAX_STRING)
      throw this.error(`${field}: a string of ${length} bytes (at most ${MAX_STRING})`);
    if (this.budget < 0) throw this.error(`${field}: overlapping strings add up beyond any real table`);
  }

  private error(message: string): WebpfError {
    const { code, what, subject } = this.origin;
    return new WebpfError(code, `${subject}: ${what}: ${message}`, { stage: 'frontend', subject });
  }
}

/** Records of tracepoints, laid out by the `format` that the kernel describes each with (Documentation/trace/events.rst). */
import { badArgument, integer } from '../argument.ts';
import type { ProgramEvent } from './event.ts';

/** A member of a tracepoint's record. */
export interface TracepointField {
  readonly name: string;
  /** As C has it: `unsigned int`, `char[16]`, `__data_loc char[]`. */
  readonly type: string;
  readonly offset: number;
  /** Bytes in the record; of `__data_loc`, those of offset and length. */
  readonly size: number;
  readonly signed: boolean;
  /** What the record leads to stands behind it. */
  readonly isDynamic: boolean;
}

/** Numbers of up to 32 bits, bigints of 64, text or bytes where there is an array of char. */
export type TracepointValue = number | bigint | string | Uint8Array;
export type TracepointValues = Readonly<Record<string, TracepointValue>>;

const LINE = /^\s*field:(.+?);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:([01]);)?/;
const DECLARATION = /^(.*?)(\w+)((?:\[[^\]]*\])?)$/;
const NUMBERS: ReadonlySet<number> = new Set([1, 2, 4, 8]);

function fieldOf(line: string): TracepointField | undefined {
  const [, declaration = '', offset = '', size = '', signed] = LINE.exec(line) ?? [];
  const [, type = '', name = '', array = ''] = DECLARATION.exec(declaration.trim()) ?? [];
  if (name === '') return undefined;
  const isDynamic = /^__(data|rel)_loc\b/.test(type);
  const whole = `${type.trim()}${array}`;
  return { name, type: whole, offset: Number(offset), size: Number(size), signed: signed === '1', isDynamic };
}

const bytesOf = (name: string, value: TracepointValue): Uint8Array => {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return new TextEncoder().encode(`${value}\0`);
  throw badArgument(`member ${name} of a tracepoint is an array: give it text or bytes`);
};

/** A tracepoint's record as its `format` describes it. */
export class TracepointFormat {
  readonly name: string;
  readonly fields: readonly TracepointField[];
  /** Bytes, without what members of dynamic size lead to. */
  readonly size: number;

  /**
   * @param text of `events/GROUP/NAME/format`
   * @throws WebpfError 'bad-argument' for what describes no record
   */
  constructor(text: string) {
    this.name = /^name:\s*(\S+)/m.exec(text)?.[1] ?? '';
    this.fields = text.split('\n').flatMap((line) => fieldOf(line) ?? []);
    if (this.fields.length === 0)
      throw badArgument(
        'this is no format of a tracepoint: it has no line "field:TYPE NAME; offset:N; size:N; signed:N;"',
      );
    this.size = Math.max(...this.fields.map(({ offset, size }) => offset + size));
  }

  /**
   * A record: `program.run(openat.event({ dfd: -100, filename: '/etc/hosts' }))`. Members that are left out are zeros.
   * @throws WebpfError 'bad-argument' for members the record has not, and values that do not fit
   */
  event(values: TracepointValues): ProgramEvent<TracepointValues> {
    const dynamic: Uint8Array[] = [];
    let end = this.size;
    const data = new Uint8Array(this.size);
    const view = new DataView(data.buffer);
    for (const [name, value] of Object.entries(values)) {
      const field = this.#find(name);
      if (!field.isDynamic) {
        this.#write(view, field, value);
        continue;
      }
      const bytes = bytesOf(name, value);
      const from = field.type.startsWith('__rel_loc') ? field.offset + field.size : 0;
      view.setUint32(field.offset, ((bytes.length << 16) | (end - from)) >>> 0, true);
      dynamic.push(bytes);
      end += bytes.length;
    }
    const whole = new Uint8Array(end);
    whole.set(data);
    let at = this.size;
    for (const bytes of dynamic) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    return { kind: 'memory', data: whole, read: (after) => this.read(after.data) };
  }

  /** The members of a record. */
  read(record: Uint8Array): TracepointValues {
    return Object.fromEntries(this.fields.map((field) => [field.name, this.#read(record, field)]));
  }

  #find(name: string): TracepointField {
    const found = this.fields.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = this.fields.map((one) => one.name).join(', ');
    throw badArgument(`tracepoint ${this.name} has no member "${name}": it has ${names}`);
  }

  #write(
    view: DataView,
    { name, type, offset, size, signed }: TracepointField,
    value: TracepointValue,
  ): void {
    if (type.endsWith(']') || !NUMBERS.has(size)) {
      const bytes = bytesOf(name, value);
      const room = typeof value === 'string' ? bytes.subarray(0, size) : bytes;
      if (room.length > size)
        throw badArgument(`member ${name} has ${size} bytes, but is given ${bytes.length}`);
      new Uint8Array(view.buffer).set(room, offset);
      return;
    }
    if (typeof value !== 'bigint' && typeof value !== 'number')
      throw badArgument(`member ${name} of a tracepoint is a number of ${size} bytes`);
    if (size === 8) view.setBigInt64(offset, BigInt.asIntN(64, BigInt(value)), true);
    else {
      const bits = 8 * size;
      const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
      const number = integer(`member ${name}`, Number(value), low, high);
      if (size === 4) view.setUint32(offset, number >>> 0, true);
      else if (size === 2) view.setUint16(offset, number & 0xffff, true);
      else view.setUint8(offset, number & 0xff);
    }
  }

  #read(record: Uint8Array, { type, offset, size, signed, isDynamic }: TracepointField): TracepointValue {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    if (isDynamic) {
      const word = view.getUint32(offset, true);
      const start = (word & 0xffff) + (type.startsWith('__rel_loc') ? offset + size : 0);
      return record.slice(start, start + (word >>> 16));
    }
    if (type.endsWith(']') || !NUMBERS.has(size)) return record.slice(offset, offset + size);
    if (size === 8) return signed ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true);
    if (size === 4) return signed ? view.getInt32(offset, true) : view.getUint32(offset, true);
    if (size === 2) return signed ? view.getInt16(offset, true) : view.getUint16(offset, true);
    return signed ? view.getInt8(offset) : view.getUint8(offset);
  }
}

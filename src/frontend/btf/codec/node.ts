import { WebpfError } from '../../../errors.ts';

/** What a BTF type becomes in JavaScript. */
export type BtfValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | readonly BtfValue[]
  | { readonly [field: string]: BtfValue };

/** Reads and writes values of one type in place. */
export interface Node {
  /** Bytes. */
  readonly size: number;
  /** JavaScript values it reads: bounds the work of types that are wide without being large. */
  readonly leaves: number;
  /** The type as C writes it, for messages. */
  readonly type: string;
  read(view: DataView, at: number): BtfValue;
  /** Throws `bad-map` for a wrong shape. */
  write(to: Spot, value: unknown): void;
}

/** Where a value is written. */
export interface Spot {
  readonly view: DataView;
  /** Bytes from the start of the view. */
  readonly at: number;
  /** Names the field for messages; '' is the value itself. */
  readonly path: string;
  /** True when the members of the unions below are known to agree. */
  readonly settled: boolean;
}

const MAX_SHOWN = 60;

/** A value in a message: short, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `Uint8Array of ${value.length} bytes`;
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'object';
  if (typeof value === 'function') return 'function';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** The error for a value that does not fit: which field, what would be right, what came. */
export function mismatch(path: string, type: string, right: string, value: unknown): WebpfError {
  const where = path === '' ? type : `${path} (${type})`;
  return new WebpfError('bad-map', `${where}: expected ${right}, got ${show(value)}`, { stage: 'runtime' });
}

/** The spot of a member. */
export const memberSpot = (to: Spot, offset: number, name: string): Spot => ({
  ...to,
  at: to.at + offset,
  path: to.path === '' ? name : `${to.path}.${name}`,
});

export const bytesAt = (view: DataView, at: number, size: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + at, size);

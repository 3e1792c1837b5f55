import { toHex } from './hex.ts';
import type { Output } from './io.ts';

/** What JSON lacks: bigints become decimal strings, bytes hexadecimal strings, maps objects. */
function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}

/** Prints one JSON object a line. */
export const printJson = (out: Output, value: object): void =>
  out.write(`${JSON.stringify(value, replace)}\n`);

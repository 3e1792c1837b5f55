import { toHex } from '../hex.ts';

const MAX_ELEMENTS = 8;

const isByte = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;

/** A decoded value in one line. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return formatArray(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${formatValue(field)}`);
  return `{${fields.join(', ')}}`;
}

function formatArray(values: readonly unknown[]): string {
  if (values.length >= 4 && values.every(isByte)) return toHex(Uint8Array.from(values));
  const shown = values.slice(0, MAX_ELEMENTS).map(formatValue);
  return `[${shown.join(', ')}${values.length > MAX_ELEMENTS ? ', …' : ''}]`;
}

/** 192.0.2.1, or the canonical form of RFC 5952 for 16 bytes. */
export function formatAddress(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}

export const formatMac = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');

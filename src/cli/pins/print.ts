import { toHex } from '../hex.ts';
import type { Session } from './session.ts';

/** What JSON lacks, as bpftool prints it. */
function replace(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return hexBytes(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

export const hexBytes = (bytes: Uint8Array): string[] =>
  Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);

export const spaced = (bytes: Uint8Array): string => toHex(bytes).replace(/..(?!$)/g, '$& ');

/** One JSON document. */
export function printDocument({ io, flags }: Session, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, replace, flags.pretty === true ? 4 : undefined)}\n`);
}

export const isJson = ({ flags }: Session): boolean => flags.json === true || flags.pretty === true;

/** What a command prints that only changes something: nothing, or null. */
export function printDone(session: Session): number {
  if (isJson(session)) printDocument(session, null);
  return 0;
}

export function printText({ io }: Session, text: string): void {
  io.stdout.write(`${text}\n`);
}

/** JSON that is read by people: decoded values. */
export const inJson = (value: unknown): string => JSON.stringify(value, replace);

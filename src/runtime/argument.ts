import { WebpfError } from '../errors.ts';

/** What callers without a type checker get wrong, as an error of ours instead of one from the depths. */
export const badArgument = (message: string, cause?: unknown): WebpfError =>
  new WebpfError('bad-argument', message, { stage: 'runtime', cause });

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return value.constructor?.name ?? 'object';
  return typeof value;
};

/** A value as messages show it: what it is, where its text says little. */
const shown = (value: unknown): string =>
  typeof value === 'object' || typeof value === 'function' ? kindOf(value) : String(value);

/** An integer from `min` to `max`. */
export function integer(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw badArgument(`${name} is ${shown(value)}, but must be an integer from ${min} to ${max}`);
}

/** One of the words given. */
export function oneOf<T extends string>(name: string, value: T, words: readonly T[]): T {
  if (words.includes(value)) return value;
  throw badArgument(`${name} is ${shown(value)}, but must be ${words.join(' or ')}`);
}

/** A bigint of 64 bits, unsigned. */
export function unsigned64(name: string, value: bigint): bigint {
  if (typeof value === 'bigint' && value >= 0n && value < 1n << 64n) return value;
  throw badArgument(`${name} is ${shown(value)}, but must be a bigint from 0n to 2n ** 64n - 1n`);
}

/** Bytes of a packet. By name where `instanceof` fails: test runners hand in arrays of another realm. */
export function packetBytes(value: Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (Object.prototype.toString.call(value) === '[object Uint8Array]') return value;
  throw badArgument(`a packet is ${kindOf(value)}, but must be a Uint8Array`);
}

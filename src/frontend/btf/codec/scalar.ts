import type { BtfEnum } from '../types.ts';
import { readBits, readBytes, writeBits, writeBytes } from './bits.ts';
import { type BtfValue, bytesAt, mismatch, type Node } from './node.ts';

/** How an integer of some width looks in JavaScript: shared by whole integers, bitfields and enums. */
export interface Scalar {
  readonly type: string;
  /** From the unsigned bits. */
  decode(bits: bigint): BtfValue;
  /** To an integer in range; the caller keeps the low bits. */
  encode(value: unknown, path: string): bigint;
}

/** Integers up to here are numbers in JavaScript; wider ones are bigints whatever their value. */
const NUMBER_BITS = 32;

function toInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** `wide`: the declared type has more than 32 bits, so that its values are bigints. */
export function integer(type: string, bits: number, signed: boolean, wide: boolean): Scalar {
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  return {
    type,
    decode: (raw) => {
      const value = signed ? BigInt.asIntN(bits, raw) : raw;
      return wide ? value : Number(value);
    },
    encode: (value, path) => {
      const whole = toInteger(value);
      if (whole !== undefined && whole >= min && whole <= max) return whole;
      throw mismatch(path, type, `an integer from ${min} to ${max}`, value);
    },
  };
}

export const isWide = (size: number): boolean => size * 8 > NUMBER_BITS;

export const boolean = (type: string): Scalar => ({
  type,
  decode: (raw) => raw !== 0n,
  encode: (value, path) => {
    if (typeof value === 'boolean' || value === 0 || value === 1) return BigInt(value);
    throw mismatch(path, type, 'true or false', value);
  },
});

/** Enumerators both ways; the first name of a value counts. */
export interface EnumTable {
  readonly names: ReadonlyMap<bigint, string>;
  readonly values: ReadonlyMap<string, bigint>;
}

export const enumTable = ({ values }: BtfEnum): EnumTable => ({
  names: new Map(values.map(({ name, value }) => [value, name] as const).reverse()),
  values: new Map(values.map(({ name, value }) => [name, value])),
});

function someNames({ values }: EnumTable): string {
  const some = [...values.keys()].slice(0, 8).join(', ');
  return values.size > 8 ? `${some}, …` : some;
}

/** Names where an enumerator has the value, numbers elsewhere; both are accepted. */
export function enumeration(type: string, of: BtfEnum, bits: number, table: EnumTable): Scalar {
  const plain = integer(type, bits, of.signed, isWide(of.size));
  return {
    type,
    decode: (raw) => table.names.get(of.signed ? BigInt.asIntN(bits, raw) : raw) ?? plain.decode(raw),
    encode: (value, path) => {
      if (typeof value !== 'string') return plain.encode(value, path);
      const known = table.values.get(value);
      if (known !== undefined) return plain.encode(known, path);
      throw mismatch(path, type, `one of ${someNames(table)} or a number`, value);
    },
  };
}

/** A scalar in whole bytes. */
export const scalarNode = (scalar: Scalar, size: number): Node => ({
  size,
  leaves: 1,
  type: scalar.type,
  read: (view, at) => scalar.decode(readBytes(view, at, size)),
  write: ({ view, at, path }, value) => writeBytes(view, at, size, scalar.encode(value, path)),
});

/** A scalar in bits `bitOffset` to `bitOffset + bits` of whatever it lies in. */
export const bitFieldNode = (scalar: Scalar, bitOffset: number, bits: number): Node => ({
  size: 0,
  leaves: 1,
  type: `${scalar.type}:${bits}`,
  read: (view, at) => scalar.decode(readBits(view, { at, bitOffset, bits })),
  write: ({ view, at, path }, value) =>
    writeBits(view, { at, bitOffset, bits }, BigInt.asUintN(bits, scalar.encode(value, path))),
});

const floatNode = (type: string, size: 4 | 8): Node => ({
  size,
  leaves: 1,
  type,
  read: (view, at) => (size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true)),
  write: ({ view, at, path }, value) => {
    if (typeof value !== 'number') throw mismatch(path, type, 'a number', value);
    if (size === 4) view.setFloat32(at, value, true);
    else view.setFloat64(at, value, true);
  },
});

/** Bytes as they are, for what has no meaning here. */
export const bytesNode = (type: string, size: number): Node => ({
  size,
  leaves: 1,
  type,
  read: (view, at) => bytesAt(view, at, size).slice(),
  write: ({ view, at, path }, value) => {
    if (!(value instanceof Uint8Array) || value.length !== size) {
      throw mismatch(path, type, `a Uint8Array of ${size} bytes`, value);
    }
    bytesAt(view, at, size).set(value);
  },
});

/** JavaScript has no half and no long double: those stay bytes. */
export const float = (type: string, size: number): Node =>
  size === 4 || size === 8 ? floatNode(type, size) : bytesNode(type, size);

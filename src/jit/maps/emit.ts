/** What the lookups emitted into a program share: where they write, what they know of the map, what they leave. */
import type { MapSpec } from '../../frontend/program.ts';
import type { Builder, Expr, FunctionSpec, ValueType } from '../builder.ts';
import type { RuntimeFunction } from '../names.ts';

/** The function that a lookup is emitted into. */
export interface Out {
  readonly b: Builder;
  /** Other threads see the memory. */
  readonly shared: boolean;
  /** The local of that name, one for the function; its contents need not survive the call. */
  local(name: string, type: ValueType): number;
  /** A label that no other call has returned. */
  label(): string;
  /** An imported immutable global (i32). */
  global(name: string): Expr;
  /** Name in the module of a function of the runtime. */
  runtime(name: RuntimeFunction): string;
  /** Adds a function to the module, unless one of that name was added before. */
  define(name: string, make: () => FunctionSpec): void;
}

/** A map known when the program is translated. */
export interface KnownMap {
  /** Into `program.maps`. */
  readonly index: number;
  readonly spec: MapSpec;
}

/**
 * A key's bytes as little-endian 32-bit words, each zero-extended to i64; each is made once. Halves, since programs write
 * keys by fields: a load of 64 bits over two stores of 32 waits for both to reach the cache.
 */
export type KeyWords = readonly (() => Expr)[];

/** After the statements `value` is the address of the value (i64), or 0. */
export interface Lookup {
  readonly statements: readonly Expr[];
  readonly value: Expr;
}

/** Bytes between the values of neighbouring elements. */
export const valueStride = ({ valueSize }: MapSpec): number => Math.ceil(valueSize / 8) * 8;

/** base + index * stride, as an address. */
export const elementAt = (b: Builder, base: Expr, index: Expr, stride: number): Expr =>
  b.binary('i32.add', base, b.binary('i32.mul', index, b.const32(stride)));

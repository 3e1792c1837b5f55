/** Values of translated code before they are WebAssembly: nodes of expression graphs. */
import type { Size } from '../../isa/insn.ts';
import type { BinaryOp, LoadOp, UnaryOp, ValueType } from '../builder.ts';

/** Operations of one operand. The 16-bit swap is of the low half, and clears the other. */
export type Unary = UnaryOp | 'i32.swap16' | 'i32.swap';

/**
 * - `const`: `constant`, as an unsigned number of the type's width.
 * - `local`: what WebAssembly local number `index` holds where the basic block begins.
 * - `result`: what the effect that made it puts into a local of its own.
 * - `load`: memory at address `a` (an i32) and `site.offset`, as it is at the place of its effect.
 * - `pinned`: `a`, computed at the place of its effect.
 * - `select`: `a` where `c` is not 0, else `b`.
 */
export type ValueOp = 'const' | 'local' | 'result' | 'load' | 'pinned' | 'select' | Unary | BinaryOp;

/** A piece of memory: `size` bytes at `base + offset`. */
export interface Piece {
  /** An i64 that is no sum with a constant. */
  readonly base: Value;
  readonly offset: number;
  readonly size: Size;
  /** Kind of the pointer as the verifier has it (`fp`, `pkt`, `map_value`, …); undefined when it is not known. */
  readonly kind: string | undefined;
}

/** Where and how a load reads, which its effect makes when it is used. */
export interface LoadSite {
  readonly op: LoadOp;
  readonly piece: Piece;
  /** Added to the address by the instruction. */
  readonly offset: number;
  /** Loads with the same number see the same memory. */
  readonly epoch: number;
  /** All that is loaded at this place: a load that is put in later sees the memory as it is here. */
  readonly siblings: Value[];
}

interface Parts {
  readonly a?: Value | undefined;
  readonly b?: Value | undefined;
  readonly c?: Value | undefined;
  readonly constant?: bigint;
  readonly index?: number;
  readonly site?: LoadSite;
}

let made = 0;

export class Value {
  readonly id = made++;
  readonly op: ValueOp;
  readonly type: ValueType;
  readonly a: Value | undefined;
  readonly b: Value | undefined;
  readonly c: Value | undefined;
  readonly constant: bigint;
  readonly index: number;
  readonly site: LoadSite | undefined;
  /** Longest way down to what is no expression: deep ones would overflow the stacks of what reads them. */
  readonly depth: number;
  /** Bits that may be 1: the low and the high half, as unsigned numbers. `high` of an i32 is 0. */
  low = 0xffffffff;
  high: number;
  /** The instruction that computes it; undefined for what costs nothing. */
  slot: number | undefined;
  /** Expressions of which it is the first operand, by the rest of them: what is there is not made again. */
  known: Map<string, Value> | undefined;
  /** How often it is used, once the block is complete (see emit.ts). */
  uses = 0;
  /** The local that holds it, once it is computed; -1 before. */
  home = -1;

  constructor(op: ValueOp, type: ValueType, parts: Parts) {
    this.op = op;
    this.type = type;
    this.a = parts.a;
    this.b = parts.b;
    this.c = parts.c;
    this.constant = parts.constant ?? 0n;
    this.index = parts.index ?? -1;
    this.site = parts.site;
    this.high = type === 'i64' ? 0xffffffff : 0;
    const isLeaf = parts.a === undefined || op === 'load' || op === 'pinned';
    this.depth = isLeaf ? 0 : 1 + Math.max(parts.a?.depth ?? 0, parts.b?.depth ?? 0, parts.c?.depth ?? 0);
  }
}

const WIDTHS = { i32: 32, i64: 64 } as const;

export const widthOf = ({ type }: { readonly type: ValueType }): 32 | 64 => WIDTHS[type];

export function constant(type: ValueType, value: bigint): Value {
  const unsigned = BigInt.asUintN(WIDTHS[type], value);
  const made = new Value('const', type, { constant: unsigned });
  made.low = Number(unsigned & 0xffffffffn);
  made.high = Number(unsigned >> 32n);
  return made;
}

export const const32 = (value: number): Value => constant('i32', BigInt(value));
export const const64 = (value: bigint): Value => constant('i64', value);
export const local = (index: number, type: ValueType): Value => new Value('local', type, { index });
export const result = (type: ValueType): Value => new Value('result', type, {});

const LOADED_BITS: { readonly [Op in LoadOp]?: number } = {
  'i64.load8_u': 8,
  'i64.load16_u': 16,
  'i64.load32_u': 32,
};

/** A load from `address` (an i32), put in at its site. */
export function load(site: LoadSite, address: Value): Value {
  const made = new Value('load', 'i64', { a: address, site });
  const bits = LOADED_BITS[site.op] ?? 64;
  if (bits <= 32) [made.low, made.high] = [2 ** bits - 1, 0];
  site.siblings.push(made);
  return made;
}

export function pinned(value: Value): Value {
  const made = new Value('pinned', value.type, { a: value });
  made.low = value.low;
  made.high = value.high;
  return made;
}

export const isConst = (value: Value | undefined): value is Value & { readonly op: 'const' } =>
  value?.op === 'const';

export const isZero = (value: Value): boolean => isConst(value) && value.constant === 0n;

/** A constant as a signed number; NaN for other values, and for what a number cannot hold exactly. */
export function numberOf(value: Value | undefined): number {
  if (!isConst(value)) return Number.NaN;
  const signed = Number(BigInt.asIntN(WIDTHS[value.type], value.constant));
  return Number.isSafeInteger(signed) ? signed : Number.NaN;
}

/** No bit beyond the low `bits` (at most 32) is set. */
export const fits = (value: Value, bits: number): boolean =>
  value.high === 0 && (bits >= 32 || value.low < 2 ** bits);

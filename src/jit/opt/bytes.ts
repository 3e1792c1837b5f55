/** Numbers that a program puts together from neighbouring bytes: one load, and a byte swap where they are turned round. */
import type { Size } from '../../isa/insn.ts';
import type { LoadOp, ValueType } from '../builder.ts';
import { type LoadSite, load, numberOf, type Value } from '../ssa/value.ts';
import type { BinaryRule, Values } from '../ssa/values.ts';

/** Where each byte of a number comes from: offsets from one base; NONE where it is 0. */
interface Bytes {
  readonly site: LoadSite;
  readonly address: Value;
  readonly at: readonly number[];
}

const NONE = Number.NaN;
const WHOLE = 8;
/** Deepest expression that is looked into. */
const MAX_DEPTH = 10;

const SIZES: { readonly [Op in LoadOp]?: Size } = {
  'i64.load8_u': 1,
  'i64.load16_u': 2,
  'i64.load32_u': 4,
  'i64.load': 8,
};

const padded = (at: readonly number[]): number[] => Array.from({ length: WHOLE }, (_, i) => at[i] ?? NONE);

function loadedBytes(value: Value): Bytes | undefined {
  const { site, a: address } = value;
  const size = site && SIZES[site.op];
  if (site === undefined || address === undefined || size === undefined) return undefined;
  return { site, address, at: padded(Array.from({ length: size }, (_, i) => site.piece.offset + i)) };
}

const SWAPPED = { 'i32.swap16': 2, 'i32.swap': 4, 'i64.swap': 8 } as const;

function shiftedBytes(bytes: Bytes | undefined, count: number, type: ValueType): Bytes | undefined {
  if (bytes === undefined || Number.isNaN(count) || count % 8 !== 0) return undefined;
  const shifted = padded([...Array.from({ length: count / 8 }, () => NONE), ...bytes.at]);
  return { ...bytes, at: type === 'i32' ? padded(shifted.slice(0, 4)) : shifted };
}

/** One of two where the other is 0, byte by byte. */
function union(a: Bytes | undefined, b: Bytes | undefined): Bytes | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.site.piece.base !== b.site.piece.base || a.site.epoch !== b.site.epoch) return undefined;
  const overlap = a.at.some((offset, i) => !Number.isNaN(offset) && !Number.isNaN(b.at[i]));
  if (overlap) return undefined;
  // The later place sees the same memory, and all that the address needs is there.
  return { ...b, at: a.at.map((offset, i) => (Number.isNaN(offset) ? (b.at[i] ?? NONE) : offset)) };
}

function bytesOf(value: Value, depth = 0): Bytes | undefined {
  const { op, a, b } = value;
  if (op === 'load') return loadedBytes(value);
  if (a === undefined || depth > MAX_DEPTH) return undefined;
  const inner = (): Bytes | undefined => bytesOf(a, depth + 1);
  if (op === 'i64.extend_u') return inner();
  if (op === 'i32.wrap') {
    const bytes = inner();
    return bytes && { ...bytes, at: padded(bytes.at.slice(0, 4)) };
  }
  if (op === 'i32.swap16' || op === 'i32.swap' || op === 'i64.swap') {
    const bytes = inner();
    return bytes && { ...bytes, at: padded(bytes.at.slice(0, SWAPPED[op]).reverse()) };
  }
  if (op === 'i32.shl' || op === 'i64.shl') return shiftedBytes(inner(), numberOf(b), value.type);
  if ((op === 'i32.or' || op === 'i64.or') && b !== undefined) return union(inner(), bytesOf(b, depth + 1));
  return undefined;
}

/** Bytes that a number has, when they are all next to each other; 0 otherwise. `step` is 1, or -1 when turned round. */
function run(at: readonly number[], step: 1 | -1): number {
  const [first = NONE] = at;
  if (Number.isNaN(first)) return 0;
  const end = at.findIndex((offset, i) => offset !== first + i * step);
  const size = end < 0 ? WHOLE : end;
  return at.slice(size).every(Number.isNaN) ? size : 0;
}

const LOADS: Readonly<Record<number, { op: LoadOp; size: Size }>> = {
  2: { op: 'i64.load16_u', size: 2 },
  4: { op: 'i64.load32_u', size: 4 },
  8: { op: 'i64.load', size: 8 },
};

/** One load of the lowest of the bytes and those behind it. */
function loadAll({ site, address }: Bytes, lowest: number, size: number): Value | undefined {
  const wide = LOADS[size];
  const offset = site.offset + lowest - site.piece.offset;
  if (wide === undefined || offset < 0) return undefined;
  return load(
    { ...site, op: wide.op, offset, piece: { ...site.piece, offset: lowest, size: wide.size } },
    address,
  );
}

const turned = (values: Values, whole: Value, size: number): Value => {
  if (size === 8) return values.unary('i64.swap', whole);
  return values.extend(values.unary(size === 4 ? 'i32.swap' : 'i32.swap16', values.wrap(whole)));
};

/** `a | b`. */
export const mergeBytes: BinaryRule = (values, type, a, b) => {
  const bytes = union(bytesOf(a), bytesOf(b));
  if (bytes === undefined) return undefined;
  const ascending = run(bytes.at, 1);
  const size = ascending > 0 ? ascending : run(bytes.at, -1);
  if (!(size in LOADS)) return undefined;
  const [first = NONE] = bytes.at;
  const lowest = ascending > 0 ? first : first - size + 1;
  const whole = loadAll(bytes, lowest, size);
  if (whole === undefined) return undefined;
  const value = ascending > 0 ? whole : turned(values, whole, size);
  return type === 'i32' ? values.wrap(value) : value;
};

/** Lookups in arrays and per-CPU arrays: a comparison and an addition. */
import type { Expr } from '../builder.ts';
import { ownValues } from '../names.ts';
import { elementAt, type KeyWords, type KnownMap, type Lookup, type Out, valueStride } from './emit.ts';

const INDEX = 'map index';

/** Of a constant index nothing is left to do at run time. */
const atConstant = ({ b, global }: Out, { index, spec }: KnownMap, key: number): Expr => {
  if (key >= spec.maxEntries) return b.const64(0n);
  const address = b.binary('i32.add', global(ownValues(index)), b.const32(key * valueStride(spec)));
  return b.unary('i64.extend_u', address);
};

/** @param constant the key, where it is known */
export function emitArrayLookup(
  out: Out,
  map: KnownMap,
  [word]: KeyWords,
  constant: number | undefined,
): Lookup | undefined {
  if (constant !== undefined) return { statements: [], value: atConstant(out, map, constant) };
  if (word === undefined) return undefined;
  const { b } = out;
  const local = out.local(INDEX, 'i32');
  const index = (): Expr => b.get(local, 'i32');
  const inside = b.binary('i32.lt_u', index(), b.const32(map.spec.maxEntries));
  const address = elementAt(b, out.global(ownValues(map.index)), index(), valueStride(map.spec));
  return {
    statements: [b.set(local, b.unary('i32.wrap', word()))],
    value: b.unary('i64.extend_u', b.choose(inside, address, b.const32(0))),
  };
}

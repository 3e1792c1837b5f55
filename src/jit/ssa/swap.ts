/** Byte swaps of 16 and 32 bits, which WebAssembly has no instruction for. `value` makes the operand anew. */
import type { Expr } from '../builder.ts';
import type { Scope } from '../scope.ts';

/** Outer and inner pairs by two rotations. */
export function swap32({ b }: Scope, value: () => Expr): Expr {
  const rotated = (name: 'rotl' | 'rotr', mask: number): Expr =>
    b.binary('i32.and', b.binary(`i32.${name}`, value(), b.const32(8)), b.const32(mask));
  return b.binary('i32.or', rotated('rotl', 0x00ff00ff), rotated('rotr', 0xff00ff00));
}

/** The low half of the operand; the high half of the result is 0. */
export function swap16({ b }: Scope, value: () => Expr): Expr {
  const high = b.binary('i32.and', b.binary('i32.shr_u', value(), b.const32(8)), b.const32(0xff));
  const low = b.binary('i32.shl', b.binary('i32.and', value(), b.const32(0xff)), b.const32(8));
  return b.binary('i32.or', high, low);
}

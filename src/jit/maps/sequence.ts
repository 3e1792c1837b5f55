/** Walks that no writer came into: the sequence lock of assembly/memory/lock.ts, for readers in shared memory. */
import { MAP_LOCK } from '../../abi/layout.ts';
import type { Expr } from '../builder.ts';
import { mapGlobal } from '../names.ts';
import type { KnownMap, Out } from './emit.ts';

const SEQUENCE = 'map sequence';

/** i32: the lock's sequence number during the last walk. */
export const foundAt = ({ b, local }: Out): Expr => b.unary('i32.wrap', b.get(local(SEQUENCE, 'i64'), 'i64'));

/** The statements, again and again until no writer was inside meanwhile. */
export function emitUndisturbed(out: Out, { index }: KnownMap, statements: readonly Expr[]): Expr[] {
  const { b } = out;
  const before = out.local(SEQUENCE, 'i64');
  const again = out.label();
  const sequence = (): Expr => b.atomicLoad(4, out.global(mapGlobal(index)), MAP_LOCK);
  const isOdd = b.unary('i32.wrap', b.binary('i64.and', b.get(before, 'i64'), b.const64(1n)));
  return [
    b.loop(again, [
      b.set(before, sequence()),
      b.br(again, isOdd),
      ...statements,
      b.br(again, b.binary('i64.ne', sequence(), b.get(before, 'i64'))),
    ]),
  ];
}

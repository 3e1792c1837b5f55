/** Stores of neighbouring bytes as one: constants side by side, and a number that is stored in parts. */
import type { Size } from '../../isa/insn.ts';
import type { Effect, Store } from '../ssa/effect.ts';
import { const64, isConst, numberOf, type Piece, type Value } from '../ssa/value.ts';
import type { Values } from '../ssa/values.ts';

const TWICE: Readonly<Record<Size, Size | undefined>> = { 1: 2, 2: 4, 4: 8, 8: undefined };

/** What a store of twice the size stores, whose halves are `low` and `high`. */
function joined(values: Values, low: Value, high: Value, size: Size): Value | undefined {
  const bits = 8 * size;
  if (isConst(low) && isConst(high)) {
    return const64(
      BigInt.asUintN(bits, low.constant) | (BigInt.asUintN(bits, high.constant) << BigInt(bits)),
    );
  }
  const isHigh = high.op === 'i64.shr_u' && high.a === low && numberOf(high.b) === bits;
  if (isHigh) return low;
  // Network byte order: the low part comes second in memory.
  const isSwapped = low.op === 'i64.shr_u' && low.a === high && numberOf(low.b) === bits;
  if (!isSwapped || size !== 1) return undefined;
  return values.extend(values.unary('i32.swap16', values.wrap(high)));
}

const disjoint = (a: Piece, b: Piece): boolean =>
  a.base === b.base && (a.offset >= b.offset + b.size || b.offset >= a.offset + a.size);

/** The store before, when nothing between may read what it writes. */
function storeBefore(
  effects: readonly Effect[],
  { piece }: Store,
): { store: Store; index: number } | undefined {
  for (let index = effects.length - 1; index >= 0; index--) {
    const effect = effects[index];
    if (effect?.kind === 'store') {
      return effect.piece.base === piece.base ? { store: effect, index } : undefined;
    }
    if (effect?.kind !== 'place') return undefined;
    const loads = effect.values.flatMap(({ site }) => site ?? []);
    const before = loads.length === 0 ? undefined : nextStore(effects, index);
    if (before !== undefined && loads.some((site) => !disjoint(site.piece, before.piece))) return undefined;
  }
  return undefined;
}

function nextStore(effects: readonly Effect[], from: number): Store | undefined {
  for (let index = from; index >= 0; index--) {
    const effect = effects[index];
    if (effect?.kind === 'store') return effect;
    if (effect?.kind === 'action') return undefined;
  }
  return undefined;
}

/** Appends a store as part of the one before; false when the two have nothing to do with each other. */
export function mergeStore(values: Values, effects: Effect[], store: Store): boolean {
  const before = storeBefore(effects, store);
  if (before === undefined) return false;
  const { piece, value } = store;
  const other = before.store.piece;
  const size = TWICE[piece.size];
  const follows = piece.offset === other.offset + piece.size;
  const leads = other.offset === piece.offset + piece.size;
  if (other.size !== piece.size || size === undefined || !(follows || leads)) return false;
  const [first, low, high] = follows
    ? [before.store, before.store.value, value]
    : [store, value, before.store.value];
  const whole = joined(values, low, high, piece.size);
  if (whole === undefined) return false;
  effects.splice(before.index, 1);
  const merged: Store = { ...first, slot: store.slot, piece: { ...first.piece, size }, value: whole };
  if (!mergeStore(values, effects, merged)) effects.push(merged);
  return true;
}

/** What a basic block does, in order: everything whose place matters. */
import type { Expr } from '../builder.ts';
import type { Piece, Value } from './value.ts';

/** Statements that are always there. */
export interface Action {
  readonly kind: 'action';
  readonly slot: number;
  readonly operands: readonly Value[];
  /** The value it puts into a local through `set`. */
  readonly result: Value | undefined;
  /** Operands in order, each to be used exactly once; nothing of them has been evaluated before. */
  emit(operands: readonly Expr[], set: (value: Expr) => Expr): readonly Expr[];
}

/** Values computed here (loads, pinned values), those that are used. */
export interface Place {
  readonly kind: 'place';
  readonly slot: number;
  readonly values: Value[];
}

/** A store of the value's low bytes at `address + offset`; kept apart so that stores side by side can become one. */
export interface Store {
  readonly kind: 'store';
  readonly slot: number;
  readonly piece: Piece;
  /** An i32. */
  readonly address: Value;
  readonly offset: number;
  /** An i64. */
  readonly value: Value;
}

export type Effect = Action | Place | Store;

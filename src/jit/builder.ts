/**
 * What the lowering needs of a WebAssembly code generator, so that it is written once for every backend.
 * Expressions are trees: each handle is used exactly once, and evaluation follows the order of the operands.
 */

import type { Positions } from './positions.ts';

export type ValueType = 'i32' | 'i64';

declare const handle: unique symbol;
/** Handle of an expression of the backend. */
export type Expr = number & { readonly [handle]: true };

type Arithmetic =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div_s'
  | 'div_u'
  | 'rem_s'
  | 'rem_u'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr_s'
  | 'shr_u'
  | 'rotl'
  | 'rotr';
type Comparison = 'eq' | 'ne' | 'lt_s' | 'lt_u' | 'le_s' | 'le_u' | 'gt_s' | 'gt_u' | 'ge_s' | 'ge_u';
export type BinaryName = Arithmetic | Comparison;
export type BinaryOp = `${ValueType}.${BinaryName}`;
export type UnaryOp =
  | 'i32.eqz'
  | 'i64.eqz'
  | 'i32.wrap'
  | 'i64.extend_u'
  | 'i64.extend_s'
  | 'i32.extend8_s'
  | 'i32.extend16_s'
  | 'i64.extend8_s'
  | 'i64.extend16_s'
  | 'i64.extend32_s'
  /** Bytes turned round; not an instruction of WebAssembly. */
  | 'i64.swap';
export type LoadOp =
  | 'i32.load'
  | 'i64.load'
  /** Eight bytes turned round. */
  | 'i64.load_swapped'
  | 'i64.load8_u'
  | 'i64.load16_u'
  | 'i64.load32_u'
  | 'i64.load8_s'
  | 'i64.load16_s'
  | 'i64.load32_s';
export type StoreOp = 'i32.store' | 'i64.store' | 'i64.store8' | 'i64.store16' | 'i64.store32';
export type RmwOp = 'add' | 'and' | 'or' | 'xor' | 'xchg';
/** Bytes of an atomic access; values are i64, zero-extended. */
export type AtomicSize = 1 | 2 | 4 | 8;

/** `params` followed by `locals` are the local indices; `body` leaves through a return on every path. */
export interface FunctionSpec {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly locals: readonly ValueType[];
  readonly body: readonly Expr[];
  /** Names the embedder sees it under. */
  readonly exports: readonly string[];
}

/** Parameters and result of an imported or indirectly called function. */
export interface Signature {
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
}

/** What finish() makes. */
export interface Finished {
  /** Bytes of the module. */
  readonly wasm: Uint8Array;
  /** Where the code of which instruction is, see positions.ts. */
  readonly positions: Positions;
}

export interface Builder {
  /** Expressions made from now on belong to the instruction in this slot; without a slot, to none. */
  at(slot?: number): void;
  const32(value: number): Expr;
  const64(value: bigint): Expr;
  get(local: number, type: ValueType): Expr;
  set(local: number, value: Expr): Expr;
  tee(local: number, value: Expr, type: ValueType): Expr;
  /** An imported immutable global (i32). */
  global(name: string): Expr;
  unary(op: UnaryOp, value: Expr): Expr;
  binary(op: BinaryOp, left: Expr, right: Expr): Expr;
  /** Both arms are evaluated, before the condition. */
  select(condition: Expr, yes: Expr, no: Expr): Expr;
  load(op: LoadOp, base: Expr, offset: number): Expr;
  store(op: StoreOp, base: Expr, offset: number, value: Expr): Expr;
  atomicLoad(size: AtomicSize, base: Expr, offset: number): Expr;
  atomicStore(size: AtomicSize, base: Expr, offset: number, value: Expr): Expr;
  /** The value before. */
  atomicRmw(op: RmwOp, size: 4 | 8, base: Expr, offset: number, value: Expr): Expr;
  atomicCmpxchg(size: 4 | 8, base: Expr, offset: number, expected: Expr, replacement: Expr): Expr;

  /** Statements in order. With a label, `br(label)` goes to its end. No value. */
  block(label: string | undefined, items: readonly Expr[]): Expr;
  /** `br(label)` goes to its start; its end falls through. */
  loop(label: string, items: readonly Expr[]): Expr;
  br(label: string, condition?: Expr): Expr;
  /** To labels[index], or to `otherwise` when there is none. */
  brTable(labels: readonly string[], otherwise: string, index: Expr): Expr;
  when(condition: Expr, items: readonly Expr[]): Expr;
  /** One of two values; only the arm taken is evaluated. */
  choose(condition: Expr, yes: Expr, no: Expr): Expr;
  call(name: string, operands: readonly Expr[], result: ValueType | undefined): Expr;
  callIndirect(index: Expr, operands: readonly Expr[], signature: Signature): Expr;
  returnCallIndirect(index: Expr, operands: readonly Expr[], signature: Signature): Expr;
  return(value?: Expr): Expr;
  drop(value: Expr): Expr;
  unreachable(): Expr;

  importFunction(name: string, module: string, base: string, signature: Signature): void;
  importGlobal(name: string, module: string, base: string): void;
  importMemory(module: string, base: string, shared: boolean): void;
  importTable(module: string, base: string): void;
  addFunction(spec: FunctionSpec): void;
  finish(): Finished;
  /** WebAssembly text, for tests and for `--dump`. */
  text(): string;
  /** Frees what the backend holds; the builder cannot be used afterwards. */
  dispose(): void;
}

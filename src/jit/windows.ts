/**
 * Bounds checks without a call. A window is memory the program may touch, kept in two locals: its start, and a limit
 * such that every `address - start < limit` (unsigned) has 8 bytes inside. What the test does not let through the
 * runtime's `check` judges, so that the outcome is the runtime's in every case.
 */
import { RUN_CTX, RUN_CTX_END, RUN_PKT_END, RUN_PKT_META, RUN_STACK, RUN_STACK_TOP } from '../abi/layout.ts';
import type { Expr } from './builder.ts';
import type { Window } from './hints.ts';
import { readLimit, WIDEST, windowStart, writeLimit } from './names.ts';
import type { Scope } from './scope.ts';

/** Where the run state has the bounds. Only helpers move the packet's; the others stand still for a run. */
const BOUNDS: Readonly<Record<Exclude<Window, number>, readonly [start: number, end: number]>> = {
  packet: [RUN_PKT_META, RUN_PKT_END],
  stack: [RUN_STACK, RUN_STACK_TOP],
  context: [RUN_CTX, RUN_CTX_END],
};

const startLocal = (scope: Scope, window: Window): number => scope.scratch(`${window} start`, 'i64');
const limitLocal = (scope: Scope, window: Window): number => scope.scratch(`${window} limit`, 'i64');

/** Reads the bounds of a window into its locals. Shorter windows than WIDEST let nothing through. */
const refresh = (scope: Scope, window: Exclude<Window, number>): Expr[] => {
  const { b } = scope;
  const [from, to] = BOUNDS[window];
  const start = startLocal(scope, window);
  const limit = limitLocal(scope, window);
  const end = b.load('i64.load32_u', scope.run(), to);
  const room = b.binary(
    'i64.sub',
    b.binary('i64.sub', end, b.get(start, 'i64')),
    b.const64(BigInt(WIDEST - 1)),
  );
  const positive = b.binary('i64.gt_s', b.get(limit, 'i64'), b.const64(0n));
  return [
    b.set(start, b.load('i64.load32_u', scope.run(), from)),
    b.set(limit, room),
    b.set(limit, b.select(positive, b.get(limit, 'i64'), b.const64(0n))),
  ];
};

/** Statements at the start of a function, once its body is lowered. */
export const windowPrologue = (scope: Scope): Expr[] =>
  (['packet', 'stack', 'context'] as const)
    .filter((window) => scope.has(`${window} start`))
    .flatMap((window) => refresh(scope, window));

/** Statements after a call, which may have moved the packet. */
export const refreshWindows = (scope: Scope): Expr[] =>
  scope.preview.usesPacket ? refresh(scope, 'packet') : [];

const bounds = (scope: Scope, window: Window, write: boolean): { start: Expr; limit: Expr } => {
  const { b, unit } = scope;
  if (typeof window !== 'number') {
    return { start: b.get(startLocal(scope, window), 'i64'), limit: b.get(limitLocal(scope, window), 'i64') };
  }
  const limit = write ? writeLimit(window) : readLimit(window);
  const wide = (name: string): Expr => b.unary('i64.extend_u', unit.global(name));
  return { start: wide(windowStart(window)), limit: wide(limit) };
};

const judge = (scope: Scope, operands: readonly Expr[]): Expr => {
  const { b, unit, preview } = scope;
  if (!preview.keepsFuel) return b.call(unit.runtime('check'), operands, 'i32');
  return b.call(unit.guard(), [b.get(scope.fuel(), 'i64'), ...operands], 'i32');
};

/** The i32 address of an access at an i64 address (made anew for each use), if it may go there; else a trap. */
export const checkAddress = (
  scope: Scope,
  address: () => Expr,
  access: { readonly size: number; readonly write: boolean; readonly slot: number },
): Expr => {
  const { b } = scope;
  const { size, write, slot } = access;
  const { start, limit } = bounds(scope, scope.preview.windowAt(slot), write);
  const inside = b.binary('i64.lt_u', b.binary('i64.sub', address(), start), limit);
  const judged = judge(scope, [address(), b.const32(size), b.const32(write ? 1 : 0), b.const32(slot)]);
  return b.choose(inside, b.unary('i32.wrap', address()), judged);
};

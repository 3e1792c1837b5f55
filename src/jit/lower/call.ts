/** Calls: helpers, functions of the program, tail calls. r1..r5 of the caller are locals, so they survive. */
import {
  FRAME_SIZE,
  FUNC_SIZE,
  RUN_FRAME,
  RUN_PC,
  RUN_PROG,
  RUN_SANDBOX,
  RUN_STACK,
} from '../../abi/layout.ts';
import { TRAP_CALL_DEPTH } from '../../abi/traps.ts';
import { WebpfError } from '../../errors.ts';
import { TAIL_CALL } from '../../isa/helpers.ts';
import type { CallInsn, CallxInsn, LddwInsn, LddwPseudo } from '../../isa/insn.ts';
import type { MapCallFact } from '../../verifier/proof.ts';
import type { Expr } from '../builder.ts';
import { emitDirectCall } from '../maps/direct.ts';
import type { KeyWords, KnownMap, Out } from '../maps/emit.ts';
import { emitLookup, keyWords } from '../maps/lookup.ts';
import { FUNCS, FUNCTION, HELPER, mapGlobal, PROG, valuesGlobal } from '../names.ts';
import type { Scope } from '../scope.ts';
import { refreshWindows } from '../windows.ts';
import { spend } from './jump.ts';

/** Helpers that call back into the program and need to know its frame: for_each_map_elem, find_vma, loop, user_ringbuf_drain. */
const CALLBACK_HELPERS: ReadonlySet<number> = new Set([164, 180, 181, 209]);

const unsupported = (slot: number, what: string, right: string): never => {
  const message = `insn ${slot}: ${what} is not supported: ${right}`;
  throw new WebpfError('unsupported', message, { stage: 'jit', insn: slot });
};

const argumentRegisters = (scope: Scope): Expr[] => [1, 2, 3, 4, 5].map((register) => scope.reg(register));

/** Where the program is, for traps inside the helper and for callbacks. */
const notePlace = (scope: Scope, id: number, slot: number): Expr[] => {
  const { b } = scope;
  const pc = b.store('i32.store', scope.run(), RUN_PC, b.const32(slot));
  if (!CALLBACK_HELPERS.has(id)) return [pc];
  return [pc, b.store('i32.store', scope.run(), RUN_FRAME, scope.low(10))];
};

const helperCall = (scope: Scope, id: number): Expr => {
  const { b, unit } = scope;
  const name = unit.helper(id);
  const operands = argumentRegisters(scope);
  if (name !== undefined) return b.call(name, operands, HELPER.result);
  return b.call(unit.hostHelper(), [b.const32(id), ...operands], HELPER.result);
};

const MAP_LOOKUP_ELEM = 1;

const outOf = (scope: Scope): Out => ({
  b: scope.b,
  shared: scope.unit.shared,
  local: (name, type) => scope.scratch(name, type),
  label: () => scope.unit.label(),
  global: (name) => scope.unit.global(name),
  runtime: (name) => scope.unit.runtime(name),
  define: (name, make) => scope.unit.define(name, make),
});

/** The words of a key that r2 points to. */
const keyAtR2 = (scope: Scope, words: number): KeyWords =>
  Array.from({ length: words }, (_, index) => () => scope.b.load('i64.load32_u', scope.low(2), 4 * index));

const lookUp = (scope: Scope, map: KnownMap, fact: MapCallFact): Expr[] | undefined => {
  const words = keyWords(map.spec);
  if (words === undefined) return undefined;
  const key = keyAtR2(scope, words);
  const lookup = emitLookup(outOf(scope), map, key, fact.key);
  return lookup && [...lookup.statements, scope.setReg(0, lookup.value)];
};

/** A lookup without a call, or a call past the helper, where the map is known and nothing needs to be checked. */
const callKnownMap = (scope: Scope, id: number, slot: number): Expr[] | undefined => {
  const { unit } = scope;
  if (unit.proof.mode !== 'verified') return undefined;
  const fact = unit.proof.facts.get(slot)?.mapCall;
  const map = fact && { index: fact.map, spec: unit.map(fact.map) };
  const found = map && id === MAP_LOOKUP_ELEM ? lookUp(scope, map, fact) : undefined;
  if (found !== undefined) return found;
  const operands = {
    address: (register: number) => scope.low(register),
    register: (register: number) => scope.reg(register),
  };
  const known = map && { index: map.index, type: map.spec.type };
  return emitDirectCall(outOf(scope), id, known, operands, (value) => scope.setReg(0, value));
};

const callHelper = (scope: Scope, id: number, slot: number): Expr[] =>
  callKnownMap(scope, id, slot) ?? callOut(scope, id, slot);

const callOut = (scope: Scope, id: number, slot: number): Expr[] => [
  ...notePlace(scope, id, slot),
  ...scope.flush(),
  scope.setReg(0, helperCall(scope, id)),
  ...scope.reload(),
  ...refreshWindows(scope),
];

/** r1 goes along, the other arguments are zero; the frame is the same. */
const tailOperands = (scope: Scope): Expr[] => [
  scope.reg(1),
  ...[2, 3, 4, 5].map(() => scope.b.const64(0n)),
  scope.reg(10),
];

const tailCall = (scope: Scope, slot: number): Expr[] => {
  const { b, unit } = scope;
  unit.table();
  const index = scope.scratch('index', 'i32');
  const call = scope.call('tailCall', scope.reg(2), scope.reg(3), b.const32(slot));
  const leave = b.returnCallIndirect(b.get(index, 'i32'), tailOperands(scope), FUNCTION);
  return [...scope.flush(), b.when(b.tee(index, call, 'i32'), [leave])];
};

/** Traps unless the stack has room for the callee's frame. */
const checkDepth = (scope: Scope, slot: number): Expr => {
  const { b } = scope;
  const lowest = b.binary('i32.sub', scope.low(10), b.const32(2 * FRAME_SIZE));
  const deep = b.binary('i32.lt_u', lowest, b.load('i32.load', scope.run(), RUN_STACK));
  const callee = b.unary('i64.extend_u', b.binary('i32.sub', scope.low(10), b.const32(FRAME_SIZE)));
  return b.when(deep, scope.trap(TRAP_CALL_DEPTH, slot, callee));
};

const calleeOperands = (scope: Scope): Expr[] => [
  ...argumentRegisters(scope),
  scope.b.binary('i64.sub', scope.reg(10), scope.b.const64(BigInt(FRAME_SIZE))),
];

/** After a call of a function. A tail call below has made another program the current one: this one goes on now. */
const resume = (scope: Scope): Expr[] => {
  const { b, unit } = scope;
  const refreshed = [...scope.reload(), ...refreshWindows(scope)];
  if (!unit.tailCallsBelow) return refreshed;
  return [
    ...refreshed,
    b.store('i32.store', scope.run(), RUN_PROG, unit.global(PROG)),
    b.store('i32.store', scope.run(), RUN_SANDBOX, b.const32(unit.sandbox ? 1 : 0)),
  ];
};

const callLocal = (scope: Scope, target: number, slot: number): Expr[] => {
  const { name, slots } = scope.unit.functionAt(target);
  const call = scope.b.call(name, calleeOperands(scope), FUNCTION.result);
  const price = [...spend(scope, slots, slot), ...scope.flush()];
  return [checkDepth(scope, slot), ...price, scope.setReg(0, call), ...resume(scope)];
};

export const lowerCall = (scope: Scope, insn: CallInsn, slot: number): Expr[] => {
  if (insn.target === 'kfunc') {
    const name = scope.unit.kfunc(insn.imm) ?? `#${insn.imm}`;
    return unsupported(slot, `the call of the kernel function ${name} (kfunc)`, 'use a helper instead');
  }
  if (insn.target === 'local') return callLocal(scope, slot + 1 + insn.imm, slot);
  return insn.imm === TAIL_CALL ? tailCall(scope, slot) : callHelper(scope, insn.imm, slot);
};

/** The runtime turns the function's address into a table index, and spends the callee's slots. */
export const lowerCallx = (scope: Scope, { dst }: CallxInsn, slot: number): Expr[] => {
  const { b, unit } = scope;
  unit.table();
  const index = scope.scratch('index', 'i32');
  const call = b.callIndirect(b.get(index, 'i32'), calleeOperands(scope), FUNCTION);
  return [
    checkDepth(scope, slot),
    ...scope.flush(),
    b.set(index, scope.call('functionIndex', scope.reg(dst), b.const32(slot))),
    scope.setReg(0, call),
    ...resume(scope),
  ];
};

type Pseudo = (scope: Scope, insn: LddwInsn, slot: number) => Expr;

const notLinked: Pseudo = (_scope, { pseudo }, slot) =>
  unsupported(slot, `lddw with source ${pseudo}`, 'maps must be referred to by index (source 5 or 6)');

const extended = (scope: Scope, address: Expr): Expr => scope.b.unary('i64.extend_u', address);

const LDDW: Readonly<Record<LddwPseudo, Pseudo>> = {
  0: (scope, { lo, hi }) => scope.b.const64((BigInt(hi) << 32n) | BigInt(lo >>> 0)),
  1: notLinked,
  2: notLinked,
  3: notLinked,
  4: (scope, { lo }, slot) => {
    const { b, unit } = scope;
    const offset = unit.functionPosition(slot + 1 + lo) * FUNC_SIZE;
    return extended(scope, b.binary('i32.add', unit.global(FUNCS), b.const32(offset)));
  },
  5: (scope, { lo }) => extended(scope, scope.unit.global(mapGlobal(lo))),
  6: (scope, { lo, hi }) => {
    const values = scope.unit.global(valuesGlobal(lo));
    return extended(scope, scope.b.binary('i32.add', values, scope.b.const32(hi)));
  },
};

export const lowerLddw = (scope: Scope, insn: LddwInsn, slot: number): Expr[] => [
  scope.setReg(insn.dst, LDDW[insn.pseudo](scope, insn, slot)),
];

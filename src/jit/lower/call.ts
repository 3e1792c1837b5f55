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
import type { Fixup, InsnFacts } from '../../verifier/proof.ts';
import type { Expr } from '../builder.ts';
import { FUNCS, FUNCTION, HELPER, mapGlobal, PROG, valuesGlobal } from '../names.ts';
import type { Scope } from '../scope.ts';
import type { Flow } from '../ssa/flow.ts';
import { const64, type Value } from '../ssa/value.ts';
import { refreshWindows } from '../windows.ts';
import { spend } from './jump.ts';
import { callKnownMap } from './mapCall.ts';

/** Helpers that call back into the program and need to know its frame: for_each_map_elem, find_vma, loop, user_ringbuf_drain. */
const CALLBACK_HELPERS: ReadonlySet<number> = new Set([164, 180, 181, 209]);
const ARGUMENTS = [1, 2, 3, 4, 5] as const;
const FRAME_POINTER = 10;

const unsupported = (slot: number, what: string, right: string): never => {
  const message = `insn ${slot}: ${what} is not supported: ${right}`;
  throw new WebpfError('unsupported', message, { stage: 'jit', insn: slot });
};

const argumentsOf = (flow: Flow): Value[] => ARGUMENTS.map((register) => flow.reg(register));

/** Where the program is, for traps inside the helper. */
const notePlace = (scope: Scope, slot: number): Expr =>
  scope.b.store('i32.store', scope.run(), RUN_PC, scope.b.const32(slot));

const helperCall = (scope: Scope, id: number, operands: readonly Expr[]): Expr => {
  const { b, unit } = scope;
  const name = unit.helper(id);
  if (name !== undefined) return b.call(name, operands, HELPER.result);
  return b.call(unit.hostHelper(), [b.const32(id), ...operands], HELPER.result);
};

/** Notes the frame that a function of the runtime calls back from. */
const noteFrame = (flow: Flow): void => {
  const { scope } = flow;
  flow.act([flow.low(FRAME_POINTER)], ([frame]) => [
    scope.b.store('i32.store', scope.run(), RUN_FRAME, frame as Expr),
  ]);
};

/** Calls what may change registers kept elsewhere, memory and the packet's bounds. */
const callOut = (flow: Flow, operands: readonly Value[], call: (operands: readonly Expr[]) => Expr): void => {
  const { scope, slot } = flow;
  const r0 = flow.result('i64', operands, (values, set) => [
    notePlace(scope, slot),
    ...scope.flush(),
    set(call(values)),
    ...scope.reload(),
    ...refreshWindows(scope),
  ]);
  flow.memory.forget();
  flow.set(0, r0);
};

const callHelper = (flow: Flow, id: number, facts: InsnFacts | undefined): void => {
  if (flow.scope.unit.uses('maps') && callKnownMap(flow, id, facts)) return;
  if (CALLBACK_HELPERS.has(id)) noteFrame(flow);
  callOut(flow, argumentsOf(flow), (operands) => helperCall(flow.scope, id, operands));
};

/** What the verifier has for the function stands in place of what the program has in these registers. */
const fixedArguments = (flow: Flow, fixups: readonly Fixup[] = []): Value[] =>
  ARGUMENTS.map((register) => {
    const fixup = fixups.find((each) => each.register === register);
    return fixup === undefined ? flow.reg(register) : const64(fixup.value);
  });

const callKfunc = (flow: Flow, index: number, facts: InsnFacts | undefined): void => {
  const { b, unit } = flow.scope;
  // It may call back; beside a call a store costs nothing.
  noteFrame(flow);
  callOut(flow, fixedArguments(flow, facts?.fixups), (operands) =>
    b.call(unit.kfunc(index), operands, HELPER.result),
  );
};

/** r1 goes along, the other arguments are zero; the frame is the same. */
const tailCall = (flow: Flow): void => {
  const { scope, slot } = flow;
  const { b, unit } = scope;
  unit.table();
  const index = scope.scratch('index', 'i32');
  const operands = [flow.reg(2), flow.reg(3), flow.reg(1), flow.reg(FRAME_POINTER)];
  flow.act(operands, ([map, key, r1, r10]) => {
    const call = scope.call('tailCall', map as Expr, key as Expr, b.const32(slot));
    const zeros = [2, 3, 4, 5].map(() => b.const64(0n));
    const leave = b.returnCallIndirect(b.get(index, 'i32'), [r1 as Expr, ...zeros, r10 as Expr], FUNCTION);
    return [...scope.flush(), b.when(b.tee(index, call, 'i32'), [leave])];
  });
  flow.memory.forget();
};

/** Traps unless the stack has room for the callee's frame. The verifier has counted the frames. */
const checkDepth = (flow: Flow): void => {
  const { scope, slot } = flow;
  const { b, unit } = scope;
  if (unit.proof.mode === 'verified') return;
  const frame = flow.low(FRAME_POINTER);
  flow.act([frame, frame], ([first, second]) => {
    const lowest = b.binary('i32.sub', first as Expr, b.const32(2 * FRAME_SIZE));
    const deep = b.binary('i32.lt_u', lowest, b.load('i32.load', scope.run(), RUN_STACK));
    const callee = b.unary('i64.extend_u', b.binary('i32.sub', second as Expr, b.const32(FRAME_SIZE)));
    return [b.when(deep, scope.trap(TRAP_CALL_DEPTH, slot, callee))];
  });
};

const calleeOperands = (flow: Flow): Value[] => [
  ...argumentsOf(flow),
  flow.values.binary('sub', 'i64', flow.reg(FRAME_POINTER), const64(BigInt(FRAME_SIZE))),
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

const callLocal = (flow: Flow, target: number): void => {
  const { scope, slot } = flow;
  const { name, slots } = scope.unit.functionAt(target);
  checkDepth(flow);
  const r0 = flow.result('i64', calleeOperands(flow), (operands, set) => [
    ...spend(scope, slots, slot),
    ...scope.flush(),
    set(scope.b.call(name, operands, FUNCTION.result)),
    ...resume(scope),
  ]);
  flow.memory.forget();
  flow.set(0, r0);
};

export const lowerCall = (flow: Flow, insn: CallInsn, facts: InsnFacts | undefined): void => {
  if (insn.target === 'local') callLocal(flow, flow.slot + 1 + insn.imm);
  else if (insn.target === 'kfunc') callKfunc(flow, insn.imm, facts);
  else if (insn.imm === TAIL_CALL) tailCall(flow);
  else callHelper(flow, insn.imm, facts);
};

/** The runtime turns the function's address into a table index, and spends the callee's slots. */
export const lowerCallx = (flow: Flow, { dst }: CallxInsn): void => {
  const { scope, slot } = flow;
  const { b, unit } = scope;
  unit.table();
  checkDepth(flow);
  const index = scope.scratch('index', 'i32');
  const r0 = flow.result('i64', [flow.reg(dst), ...calleeOperands(flow)], ([address, ...operands], set) => [
    ...scope.flush(),
    b.set(index, scope.call('functionIndex', address as Expr, b.const32(slot))),
    set(b.callIndirect(b.get(index, 'i32'), operands, FUNCTION)),
    ...resume(scope),
  ]);
  flow.memory.forget();
  flow.set(0, r0);
};

type Pseudo = (flow: Flow, insn: LddwInsn) => Value;

const notLinked: Pseudo = ({ slot }, { pseudo }) =>
  unsupported(slot, `lddw with source ${pseudo}`, 'maps must be referred to by index (source 5 or 6)');

/** An address that the engine has given, plus `offset`. */
const address = (flow: Flow, name: string, offset: number): Value => {
  const { unit } = flow.scope;
  const base = flow.result('i32', [], (_operands, set) => [set(unit.global(name))]);
  return flow.values.binary('add', 'i64', flow.values.extend(base), const64(BigInt(offset)));
};

const LDDW: Readonly<Record<LddwPseudo, Pseudo>> = {
  0: (_flow, { lo, hi }) => const64((BigInt(hi) << 32n) | BigInt(lo >>> 0)),
  1: notLinked,
  2: notLinked,
  3: notLinked,
  4: (flow, { lo }) => address(flow, FUNCS, flow.scope.unit.functionPosition(flow.slot + 1 + lo) * FUNC_SIZE),
  5: (flow, { lo }) => address(flow, mapGlobal(lo), 0),
  6: (flow, { lo, hi }) => address(flow, valuesGlobal(lo), hi),
};

export const lowerLddw = (flow: Flow, insn: LddwInsn): void => {
  flow.set(insn.dst, LDDW[insn.pseudo](flow, insn));
};

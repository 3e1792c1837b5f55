/** Conditions and the price of jumps. RFC 9669, section 4.3. */
import { RUN_FUEL } from '../../abi/layout.ts';
import type { JumpInsn, MayGotoInsn } from '../../isa/insn.ts';
import type { Expr } from '../builder.ts';
import { COMPARISONS } from '../comparisons.ts';
import type { Scope } from '../scope.ts';
import type { Flow } from '../ssa/flow.ts';
import { constant, type Value } from '../ssa/value.ts';
import { readOperand, readReg } from './alu.ts';

/** Each frame may take this many may_goto before they jump (BPF_MAX_LOOPS in Linux). */
const MAY_GOTO_LOOPS = 8_388_608n;
const MAY_GOTO = 'mayGoto';

const compare = (flow: Flow, insn: JumpInsn): Value => {
  const { values } = flow;
  const type = insn.width === 64 ? 'i64' : 'i32';
  const left = readReg(flow, insn.dst, insn.width);
  const right = readOperand(flow, insn, insn.width);
  if (insn.op !== 'jset') return values.binary(COMPARISONS[insn.op], type, left, right);
  return values.binary('ne', type, values.binary('and', type, left, right), constant(type, 0n));
};

/** Counts down; below zero from the moment the loops are used up. 64 bits, so that it never wraps. */
const mayGoto = (flow: Flow): Value => {
  const { b } = flow.scope;
  const counter = flow.scope.scratch(MAY_GOTO, 'i64');
  return flow.result('i32', [], (_operands, set) => {
    const less = b.binary('i64.sub', b.get(counter, 'i64'), b.const64(1n));
    return [set(b.binary('i64.lt_s', b.tee(counter, less, 'i64'), b.const64(0n)))];
  });
};

/** Whether a conditional jump is taken, as i32. To be asked for once, as counting is an effect. */
export const condition = (flow: Flow, insn: JumpInsn | MayGotoInsn): Value =>
  insn.kind === 'jump' ? compare(flow, insn) : mayGoto(flow);

/** Statements at the start of a function, once its body is lowered. */
export const counterPrologue = (scope: Scope): Expr[] =>
  scope.has(MAY_GOTO) ? [scope.b.set(scope.scratch(MAY_GOTO, 'i64'), scope.b.const64(MAY_GOTO_LOOPS))] : [];

/** Spends `cost` of the budget in a sandbox: the runtime's `spend`, inline but for the trap. */
export const spend = (scope: Scope, cost: number, slot: number): Expr[] => {
  if (!scope.unit.sandbox) return [];
  const { b } = scope;
  const left = scope.scratch('left', 'i64');
  const { keepsFuel } = scope.preview;
  const fuel = keepsFuel ? b.get(scope.fuel(), 'i64') : b.load('i64.load', scope.run(), RUN_FUEL);
  const rest = b.tee(left, b.binary('i64.sub', fuel, b.const64(BigInt(cost))), 'i64');
  const trap = scope.call('spend', b.const32(cost), b.const32(slot));
  const value = b.get(left, 'i64');
  return [
    b.when(b.binary('i64.lt_s', rest, b.const64(0n)), [...scope.flush(), trap]),
    keepsFuel ? b.set(scope.fuel(), value) : b.store('i64.store', scope.run(), RUN_FUEL, value),
  ];
};

/** What a taken jump costs: nothing forwards, the slots it goes back over otherwise. */
export const payJump = (scope: Scope, slot: number, target: number): Expr[] =>
  target <= slot ? spend(scope, slot - target + 1, slot) : [];

/** Conditions and the price of jumps. RFC 9669, section 4.3. */
import { RUN_FUEL } from '../../abi/layout.ts';
import type { Insn, JumpInsn, JumpOp } from '../../isa/insn.ts';
import type { BinaryName, Expr } from '../builder.ts';
import type { Scope } from '../scope.ts';
import { readOperand, readReg } from './alu.ts';

/** jset is the only one that is not a comparison of its own. */
const COMPARISONS: Readonly<Record<Exclude<JumpOp, 'jset'>, BinaryName>> = {
  jeq: 'eq',
  jgt: 'gt_u',
  jge: 'ge_u',
  jne: 'ne',
  jsgt: 'gt_s',
  jsge: 'ge_s',
  jlt: 'lt_u',
  jle: 'le_u',
  jslt: 'lt_s',
  jsle: 'le_s',
};

/** Each frame may take this many may_goto before they jump (BPF_MAX_LOOPS in Linux). */
const MAY_GOTO_LOOPS = 8_388_608n;
const MAY_GOTO = 'mayGoto';

const compare = (scope: Scope, insn: JumpInsn): Expr => {
  const { b } = scope;
  const type = insn.width === 64 ? 'i64' : 'i32';
  const left = readReg(scope, insn.dst, insn.width);
  const right = readOperand(scope, insn, insn.width);
  if (insn.op !== 'jset') return b.binary(`${type}.${COMPARISONS[insn.op]}`, left, right);
  const zero = type === 'i64' ? b.const64(0n) : b.const32(0);
  return b.binary(`${type}.ne`, b.binary(`${type}.and`, left, right), zero);
};

/** Counts down; below zero from the moment the loops are used up. 64 bits, so that it never wraps. */
const mayGoto = (scope: Scope): Expr => {
  const { b } = scope;
  const counter = scope.scratch(MAY_GOTO, 'i64');
  const less = b.binary('i64.sub', b.get(counter, 'i64'), b.const64(1n));
  return b.binary('i64.lt_s', b.tee(counter, less, 'i64'), b.const64(0n));
};

/** Whether a conditional jump is taken, as i32. To be evaluated exactly once. */
export const condition = (scope: Scope, insn: Insn): Expr =>
  insn.kind === 'jump' ? compare(scope, insn) : mayGoto(scope);

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

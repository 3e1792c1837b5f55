/** Arithmetic (check_alu_op of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import type { AluInsn, AluOp, EndianInsn, NegInsn, Width } from '../../../isa/insn.ts';
import { ALU_NUMBER, ENDIAN_NUMBER, JUMP_NUMBER } from '../../domain.ts';
import { apart, forgetExtended, forgetShifted, isBeyondLinux } from '../likeLinux.ts';
import { push } from '../paths/pending.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import { arenaArithmetic } from './arena.ts';
import { DIVISIONS, SHIFTS } from './operations.ts';
import { ALU_SYMBOL, pointerArithmetic } from './pointers.ts';
import { linkBeforeCopy, unlink } from './scalars.ts';

const SIGN_EXTENSIONS: Partial<Record<AluOp, number>> = { movsx8: 8, movsx16: 16, movsx32: 32 };

function moveConstant(walk: Walk, { dst, width, imm = 0 }: AluInsn): void {
  const value = width === 64 ? BigInt(imm) : BigInt(imm >>> 0);
  const r = walk.reg(dst);
  walk.memory.setConstant(r, value);
  if (!walk.rules.capable) walk.memory.setPrecise(r, true);
}

/** dst = src, which keeps its id as long as no bits are lost. */
function copyScalar(walk: Walk, from: number, to: number, isWhole: boolean): void {
  if (isWhole) linkBeforeCopy(walk, from);
  walk.ops.copyRegister(to, from);
  if (!isWhole) unlink(walk, to);
}

function moveWide(walk: Walk, from: number, to: number): void {
  linkBeforeCopy(walk, from);
  walk.ops.copyRegister(to, from);
}

function moveHalf(walk: Walk, insn: AluInsn, from: number, to: number): void {
  const { memory, ops } = walk;
  if (walk.isSecret(from)) refuse(`R${insn.src} partial copy of pointer`);
  if (memory.type(from) === abi.KIND_SCALAR) copyScalar(walk, from, to, ops.widthOf(from) <= 32);
  else walk.setUnknown(to);
  ops.zeroExtend(to, 4);
}

function signExtend(walk: Walk, insn: AluInsn, bits: number, from: number, to: number): void {
  const { memory, ops } = walk;
  if (walk.isSecret(from)) {
    const what = insn.width === 64 ? 'sign-extension part of' : 'partial copy of';
    refuse(`R${insn.src} ${what} pointer`);
  }
  if (memory.type(from) !== abi.KIND_SCALAR) walk.setUnknown(to);
  else {
    const [isKnown, fits] = [memory.isConst(from), ops.widthOf(from) < bits];
    copyScalar(walk, from, to, fits);
    if (!isKnown) forgetExtended(walk, to, fits);
    ops.signExtend(to, bits / 8);
  }
  if (insn.width === 32) ops.zeroExtend(to, 4);
}

function move(walk: Walk, insn: AluInsn): void {
  if (insn.src === undefined) {
    moveConstant(walk, insn);
    return;
  }
  const from = walk.readable(insn.src);
  const to = walk.reg(insn.dst);
  const bits = SIGN_EXTENSIONS[insn.op];
  if (bits !== undefined) {
    signExtend(walk, insn, bits, from, to);
    return;
  }
  if (insn.width === 64) {
    moveWide(walk, from, to);
    return;
  }
  moveHalf(walk, insn, from, to);
}

function checkImmediate({ op, width, imm }: AluInsn): void {
  if (imm === undefined) return;
  if (imm === 0 && DIVISIONS.has(op)) refuse('div by zero');
  if (SHIFTS.has(op) && (imm < 0 || imm >= width)) refuse(`invalid shift ${imm}`);
}

/** r += constant keeps the company of its id, at a distance. */
function keepDistance(walk: Walk, insn: AluInsn, dst: number, amount: number): void {
  const { memory } = walk;
  const id = memory.id(dst);
  // Of a register added to itself the amount is gone.
  const isOther = insn.src !== insn.dst && memory.isConst(amount);
  const isSum = (insn.op === 'add' || insn.op === 'sub') && insn.width === 64 && isOther;
  const keeps = walk.rules.capable && isSum && id !== 0 && (id & abi.ID_ADDED) === 0;
  const value = (insn.op === 'sub' ? -1 : 1) * memory.constant(amount);
  if (keeps && value === (value | 0)) {
    memory.setId(dst, (id | abi.ID_ADDED) >>> 0);
    memory.setOff(dst, value);
  } else {
    unlink(walk, dst);
  }
}

/** Width in which a scalar is 0 or -1, and nothing else: what a sign shifted down is. */
function signWidth(walk: Walk, r: number): Width | undefined {
  const { ops } = walk;
  if (ops.sminOf(r) === -1 && ops.smaxOf(r) === 0) return 64;
  return ops.smin32Of(r) === -1 && ops.smax32Of(r) === 0 ? 32 : undefined;
}

/**
 * A mask made of a sign, before it is applied to a constant: compilers choose one of two constants so. Each is
 * walked by itself (maybe_fork_scalars).
 */
function forkSign(walk: Walk, insn: AluInsn, dst: number): void {
  const { memory, ops } = walk;
  if (insn.op !== 'and' && insn.op !== 'or') return;
  if (insn.src !== undefined && !memory.isConst(walk.reg(insn.src))) return;
  const width = signWidth(walk, dst);
  if (width === undefined) return;
  const become = (value: number): void => {
    ops.refineImm(JUMP_NUMBER.jeq, width, 1, walk.reg(insn.dst), value);
  };
  push(walk, walk.insn, walk.insn, () => {
    become(0);
    return true;
  });
  become(-1);
}

function scalarArithmetic(walk: Walk, insn: AluInsn, dst: number, amount: number): void {
  const { memory, ops } = walk;
  forkSign(walk, insn, dst);
  const op = ALU_NUMBER[insn.op];
  if (isBeyondLinux(walk, insn)) {
    walk.setUnknown(dst);
    return;
  }
  forgetShifted(walk, insn, dst);
  if (insn.src === undefined) ops.aluImm(op, insn.width, dst, insn.imm);
  else ops.alu(op, insn.width, dst, apart(walk, dst, amount));
  if (memory.id(dst) === 0) return;
  const constant = memory.scratch(2);
  if (insn.src === undefined) ops.setConst(constant, BigInt(insn.imm));
  keepDistance(walk, insn, dst, insn.src === undefined ? constant : amount);
}

function withImmediate(walk: Walk, insn: AluInsn, dst: number): void {
  if (walk.memory.type(dst) === abi.KIND_SCALAR) {
    scalarArithmetic(walk, insn, dst, dst);
    return;
  }
  const amount = walk.memory.scratch(2);
  walk.memory.setConstant(amount, BigInt(insn.imm ?? 0));
  pointerArithmetic(walk, insn, dst, amount);
}

function withRegister(walk: Walk, insn: AluInsn, register: number, dst: number): void {
  const { memory } = walk;
  const src = walk.reg(register);
  const dstIsScalar = memory.type(dst) === abi.KIND_SCALAR;
  const srcIsScalar = memory.type(src) === abi.KIND_SCALAR;
  if (dstIsScalar && srcIsScalar) {
    scalarArithmetic(walk, insn, dst, src);
    return;
  }
  if (!dstIsScalar && !srcIsScalar) {
    if (insn.op === 'sub' && walk.rules.leaks) {
      walk.setUnknown(dst);
      return;
    }
    refuse(`R${insn.dst} pointer ${ALU_SYMBOL[insn.op]} pointer prohibited`);
  }
  markPrecise(walk, dstIsScalar ? insn.dst : register);
  if (dstIsScalar) pointerArithmetic(walk, insn, src, dst);
  else pointerArithmetic(walk, insn, dst, src);
}

export function stepAlu(walk: Walk, insn: AluInsn): void {
  if (insn.op === 'mov' || SIGN_EXTENSIONS[insn.op] !== undefined) {
    move(walk, insn);
    return;
  }
  if (insn.src !== undefined) walk.readable(insn.src);
  const dst = walk.readable(insn.dst);
  checkImmediate(insn);
  if (arenaArithmetic(walk, insn, dst, insn.src === undefined ? undefined : walk.reg(insn.src))) return;
  if (insn.src === undefined) withImmediate(walk, insn, dst);
  else withRegister(walk, insn, insn.src, dst);
}

/** Operations of one operand make a scalar of whatever was there. */
function single(walk: Walk, register: number, apply: (r: number) => void): void {
  const r = walk.readable(register);
  if (walk.isSecret(r)) refuse(`R${register} pointer arithmetic prohibited`);
  if (walk.memory.type(r) !== abi.KIND_SCALAR) {
    walk.setUnknown(r);
    return;
  }
  apply(r);
  unlink(walk, r);
}

export const stepNeg = (walk: Walk, { dst, width }: NegInsn): void =>
  single(walk, dst, (r) => walk.ops.neg(width, r));

export const stepEndian = (walk: Walk, { dst, op, bits }: EndianInsn): void =>
  single(walk, dst, (r) => walk.ops.endian(ENDIAN_NUMBER[op], bits, r));

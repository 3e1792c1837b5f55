/** What Linux 6.18 does not know, for {@link VerifyOptions.likeLinux}. */
import { SCALAR_64, SCALAR_VALUE } from '../../abi/verifier.ts';
import type { AluInsn, JumpInsn } from '../../isa/insn.ts';
import { DIVISIONS, SHIFTS } from './arithmetic/operations.ts';
import type { Walk } from './walk.ts';

/** Operations whose results it knows nothing of. */
export function isBeyondLinux(walk: Walk, { op, width, src }: AluInsn): boolean {
  if (!walk.rules.likeLinux) return false;
  if (DIVISIONS.has(op)) return true;
  if (src === undefined || !SHIFTS.has(op)) return false;
  const amount = walk.reg(src);
  return !walk.memory.isConst(amount) || walk.memory.scalar(amount).umin >= BigInt(width);
}

/** The outcome of a jset: by known bits, whatever the bounds say. */
export function jsetTaken(walk: Walk, { dst, src, imm = 0, width }: JumpInsn): boolean | undefined {
  const { mask, value } = walk.memory.scalar(walk.reg(dst));
  const other = src === undefined ? undefined : walk.memory.scalar(walk.reg(src));
  if (other !== undefined && other.mask !== 0n) return undefined;
  const bits = BigInt.asUintN(width, other?.value ?? BigInt(imm));
  if ((value & ~mask & bits) !== 0n) return true;
  return ((value | mask) & bits) === 0n ? false : undefined;
}

/** Leaves of a number its known bits. */
function forgetRange({ memory, ops }: Walk, register: number): void {
  const start = (register + SCALAR_VALUE) >> 2;
  const bits = memory.u32.slice(start, (register + SCALAR_64) >> 2);
  ops.setUnknown(register);
  memory.u32.set(bits, start);
}

/** Before a sign is extended: nothing is kept of a number that is cut, and of others their range. */
export function forgetExtended({ rules, memory, ops }: Walk, register: number, fits: boolean): void {
  if (!rules.likeLinux) return;
  const start = (register + SCALAR_VALUE) >> 2;
  if (!fits) ops.setUnknown(register);
  memory.u32.fill(0, start, start + 2);
  memory.u32.fill(0xffffffff, start + 2, start + 4);
}

/** Where a jset is not taken, the ranges are forgotten. */
export function forgetJset(walk: Walk, { op }: JumpInsn, register: number): void {
  if (walk.rules.likeLinux && op === 'jset') forgetRange(walk, register);
}

/** Where a shift to the left may lose the top bit, the ranges are forgotten. */
export function forgetShifted(walk: Walk, { op, width, src, imm = 0 }: AluInsn, register: number): void {
  if (!walk.rules.likeLinux || op !== 'lsh') return;
  const amount = src === undefined ? BigInt(imm) : walk.memory.scalar(walk.reg(src)).umin;
  const { umax, u32max } = walk.memory.scalar(register);
  const most = width === 64 ? umax : u32max;
  if (most > 1n << (BigInt(width) - 1n - amount)) forgetRange(walk, register);
}

/** The second operand's register: one combined with itself is two for it. */
export function apart(walk: Walk, dst: number, src: number): number {
  if (!walk.rules.likeLinux || dst !== src) return src;
  const copy = walk.memory.scratch(2);
  walk.ops.copyRegister(copy, src);
  return copy;
}

/** A path on which a register can have no value is walked on with any. */
export function walksImpossible({ rules, ops }: Walk, register: number): boolean {
  if (rules.likeLinux) ops.setUnknownScalar(register);
  return rules.likeLinux;
}

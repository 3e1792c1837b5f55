/** What Linux 6.18 does not know, for {@link VerifyOptions.likeLinux}. */
import type { AluInsn } from '../../isa/insn.ts';
import { DIVISIONS, SHIFTS } from './operations.ts';
import type { Walk } from './walk.ts';

/** Operations whose results it knows nothing of. */
export function isBeyondLinux(walk: Walk, { op, src }: AluInsn): boolean {
  if (!walk.rules.likeLinux) return false;
  if (DIVISIONS.has(op)) return true;
  return src !== undefined && SHIFTS.has(op) && !walk.memory.isConst(walk.reg(src));
}

/** The second operand's register: one combined with itself is two for it. */
export function apart(walk: Walk, dst: number, src: number): number {
  if (!walk.rules.likeLinux || dst !== src) return src;
  const copy = walk.memory.scratch(2);
  walk.ops.copyRegister(copy, src);
  return copy;
}

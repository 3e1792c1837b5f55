import {
  DOMAIN_IMMEDIATE,
  JUMP_EQ,
  JUMP_GE,
  JUMP_GT,
  JUMP_LE,
  JUMP_LT,
  JUMP_NE,
  JUMP_NSET,
  JUMP_SET,
  JUMP_SGE,
  JUMP_SGT,
  JUMP_SLE,
  JUMP_SLT,
  SCALAR_32,
  SCALAR_64,
} from '../../src/abi/verifier';
import { smax, smin, umax, umin } from './bounds';
import { maskOf, setConst, valueOf } from './scalar';

// Whether a conditional jump is taken by all values (1), by none (0), or by some (-1).

const NEVER: i32 = 0;
const ALWAYS: i32 = 1;
const SOMETIMES: i32 = -1;

function isLess<T>(least: T, most: T, otherLeast: T, otherMost: T): i32 {
  if (most < otherLeast) return ALWAYS;
  return least >= otherMost ? NEVER : SOMETIMES;
}

function inverse(outcome: i32): i32 {
  return outcome < 0 ? outcome : 1 - outcome;
}

function isBelow<T>(d: u32, s: u32): i32 {
  return isLess<T>(umin<T>(d), umax<T>(d), umin<T>(s), umax<T>(s));
}

function isBelowSigned<S>(d: u32, s: u32): i32 {
  return isLess<S>(smin<S>(d), smax<S>(d), smin<S>(s), smax<S>(s));
}

function areApart<T, S>(d: u32, s: u32): bool {
  return (
    umax<T>(d) < umin<T>(s) ||
    umax<T>(s) < umin<T>(d) ||
    smax<S>(d) < smin<S>(s) ||
    smax<S>(s) < smin<S>(d)
  );
}

/** The bits that a comparison of this width sees. */
export function seen(width: u32): u64 {
  return width == 64 ? -1 : 0xffff_ffff;
}

function isEqual(width: u32, d: u32, s: u32): i32 {
  const bits = seen(width);
  const unknown = (maskOf(d) | maskOf(s)) & bits;
  const different = (valueOf(d) ^ valueOf(s)) & bits;
  if ((different & ~unknown) != 0) return NEVER;
  if (unknown == 0) return ALWAYS;
  if (areApart<u32, i32>(d + SCALAR_32, s + SCALAR_32)) return NEVER;
  return width == 64 && areApart<u64, i64>(d + SCALAR_64, s + SCALAR_64) ? NEVER : SOMETIMES;
}

/** Whether some bit is set in both. */
function share(width: u32, d: u32, s: u32): i32 {
  const bits = seen(width);
  if ((valueOf(d) & valueOf(s) & bits) != 0) return ALWAYS;
  return ((valueOf(d) | maskOf(d)) & (valueOf(s) | maskOf(s)) & bits) == 0 ? NEVER : SOMETIMES;
}

function compare<T, S>(op: u32, d: u32, s: u32): i32 {
  switch (op) {
    case JUMP_LT:
      return isBelow<T>(d, s);
    case JUMP_GE:
      return inverse(isBelow<T>(d, s));
    case JUMP_GT:
      return isBelow<T>(s, d);
    case JUMP_LE:
      return inverse(isBelow<T>(s, d));
    case JUMP_SLT:
      return isBelowSigned<S>(d, s);
    case JUMP_SGE:
      return inverse(isBelowSigned<S>(d, s));
    case JUMP_SGT:
      return isBelowSigned<S>(s, d);
    case JUMP_SLE:
      return inverse(isBelowSigned<S>(s, d));
    default:
      return SOMETIMES;
  }
}

/** A register compared with itself. */
function compareItself(op: u32, width: u32, r: u32): i32 {
  if (op == JUMP_SET || op == JUMP_NSET) {
    const isZero = (valueOf(r) & seen(width)) != 0 ? NEVER : SOMETIMES;
    return op == JUMP_NSET ? isZero : inverse(isZero);
  }
  return op == JUMP_EQ || op == JUMP_GE || op == JUMP_LE || op == JUMP_SGE || op == JUMP_SLE ? ALWAYS : NEVER;
}

/**
 * Whether `if dst op src` is taken: 1 always, 0 never, -1 not known (is_branch_taken in the kernel). The
 * same address means the same value.
 */
export function branchTaken(op: u32, width: u32, d: u32, s: u32): i32 {
  if (d == s && maskOf(d) != 0) return compareItself(op, width, d);
  switch (op) {
    case JUMP_EQ:
      return isEqual(width, d, s);
    case JUMP_NE:
      return inverse(isEqual(width, d, s));
    case JUMP_SET:
      return share(width, d, s);
    case JUMP_NSET:
      return inverse(share(width, d, s));
    default:
      return width == 64
        ? compare<u64, i64>(op, d + SCALAR_64, s + SCALAR_64)
        : compare<u32, i32>(op, d + SCALAR_32, s + SCALAR_32);
  }
}

/** The same with an immediate, sign-extended to 64 bits. */
export function branchTakenImm(op: u32, width: u32, d: u32, imm: i32): i32 {
  setConst(DOMAIN_IMMEDIATE, imm);
  return branchTaken(op, width, d, DOMAIN_IMMEDIATE);
}

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
import {
  narrowSigned,
  narrowTo,
  narrowUnsigned,
  setSigned,
  setUnsigned,
  smax,
  smin,
  umax,
  umin,
} from './bounds';
import { branchTaken, seen } from './branch';
import { meet } from './lattice';
import { copy, maskOf, setConst, setTnum, valueOf } from './scalar';
import { sync } from './sync';
import { narrowTnum } from './tnum';

// What a comparison says of its operands (reg_set_min_max in the kernel). T and S are u64 and i64, or u32
// and i32 with the addresses of the 32-bit bounds. Each function returns false when it sees that the
// comparison cannot hold.

/** a < b, or a <= b when `gap` is 0. The callers have excluded that a's least is not below b's greatest. */
function below<T>(a: u32, b: u32, gap: T): void {
  const least = umin<T>(a) + gap;
  const most = umax<T>(b) - gap;
  narrowUnsigned<T>(a, 0, most);
  narrowUnsigned<T>(b, least, ~(0 as T));
}

function belowSigned<S>(a: u32, b: u32, gap: S): void {
  const least = smin<S>(a) + gap;
  const most = smax<S>(b) - gap;
  const lowest = (1 as S) << ((sizeof<S>() * 8 - 1) as S);
  narrowSigned<S>(a, lowest, most);
  narrowSigned<S>(b, least, ~lowest);
}

/** Moves the bounds of `a` off the constant `x`. */
function exclude<T, S>(a: u32, x: T): void {
  setUnsigned<T>(a, umin<T>(a) + (umin<T>(a) == x ? 1 : 0), umax<T>(a) - (umax<T>(a) == x ? 1 : 0));
  const y = x as S;
  setSigned<S>(a, smin<S>(a) + (smin<S>(a) == y ? 1 : 0), smax<S>(a) - (smax<S>(a) == y ? 1 : 0));
}

/** Excludes `s` from `d` if it is a constant as far as the comparison sees it. */
function excludeConst(width: u32, d: u32, s: u32): void {
  if ((maskOf(s) & seen(width)) != 0) return;
  if (width == 64) exclude<u64, i64>(d + SCALAR_64, valueOf(s));
  else exclude<u32, i32>(d + SCALAR_32, valueOf(s) as u32);
}

function equalHalves(d: u32, s: u32): bool {
  const upper: u64 = 0xffff_ffff << 32;
  narrowTo<u32, i32>(d + SCALAR_32, s + SCALAR_32);
  narrowTo<u32, i32>(s + SCALAR_32, d + SCALAR_32);
  if (!narrowTnum(d, valueOf(s) & ~upper, maskOf(s) | upper)) return false;
  return narrowTnum(s, valueOf(d) & ~upper, maskOf(d) | upper);
}

/** Some bit is set in both: the only possible one is, and both are at least the lowest possible one. */
function shared(width: u32, d: u32, s: u32): void {
  const possible = (valueOf(d) | maskOf(d)) & (valueOf(s) | maskOf(s)) & seen(width);
  const lowest = possible & (0 - possible);
  if (possible == lowest) {
    setTnum(d, valueOf(d) | lowest, maskOf(d) & ~lowest);
    setTnum(s, valueOf(s) | lowest, maskOf(s) & ~lowest);
  }
  narrowUnsigned<u64>(d + SCALAR_64, lowest, -1);
  narrowUnsigned<u64>(s + SCALAR_64, lowest, -1);
  if (width == 64) return;
  narrowUnsigned<u32>(d + SCALAR_32, lowest as u32, -1);
  narrowUnsigned<u32>(s + SCALAR_32, lowest as u32, -1);
}

/** No bit is set in both: what is 1 in one is 0 in the other. */
function disjoint(width: u32, d: u32, s: u32): void {
  const ones = valueOf(d) & seen(width);
  const otherOnes = valueOf(s) & seen(width);
  setTnum(d, valueOf(d), maskOf(d) & ~otherOnes);
  setTnum(s, valueOf(s), maskOf(s) & ~ones);
}

function order<T, S>(op: u32, d: u32, s: u32): void {
  switch (op) {
    case JUMP_LT:
      return below<T>(d, s, 1);
    case JUMP_LE:
      return below<T>(d, s, 0);
    case JUMP_GT:
      return below<T>(s, d, 1);
    case JUMP_GE:
      return below<T>(s, d, 0);
    case JUMP_SLT:
      return belowSigned<S>(d, s, 1);
    case JUMP_SLE:
      return belowSigned<S>(d, s, 0);
    case JUMP_SGT:
      return belowSigned<S>(s, d, 1);
    case JUMP_SGE:
      return belowSigned<S>(s, d, 0);
  }
}

function narrow(op: u32, width: u32, d: u32, s: u32): bool {
  if (op == JUMP_EQ) return equalHalves(d, s);
  if (op == JUMP_SET) shared(width, d, s);
  else if (op == JUMP_NSET) disjoint(width, d, s);
  else if (op == JUMP_NE) {
    excludeConst(width, d, s);
    excludeConst(width, s, d);
  } else if (width == 64) order<u64, i64>(op, d + SCALAR_64, s + SCALAR_64);
  else order<u32, i32>(op, d + SCALAR_32, s + SCALAR_32);
  return true;
}

/** A scalar compared with itself: only `jset`, which asks whether it is zero, says anything of it. */
function refineItself(op: u32, width: u32, r: u32): bool {
  if (op != JUMP_SET && op != JUMP_NSET) return true;
  setConst(DOMAIN_IMMEDIATE, 0);
  return refineTo(op == JUMP_SET ? JUMP_NE : JUMP_EQ, width, r, DOMAIN_IMMEDIATE);
}

function refineTo(op: u32, width: u32, d: u32, s: u32): bool {
  if (branchTaken(op, width, d, s) == 0) return false;
  if (d == s) return refineItself(op, width, d);
  if (op == JUMP_EQ && width == 64) {
    if (!meet(d, s)) return false;
    copy(s, d);
    return true;
  }
  return narrow(op, width, d, s) && sync(d) && sync(s);
}

/**
 * Narrows both operands of `if dst op src` by its being taken (`taken` 1) or not (0), in 32 or 64 bits.
 * False when that cannot happen; the operands are then of no use. The same address means the same value.
 */
export function refine(op: u32, width: u32, taken: u32, d: u32, s: u32): bool {
  return refineTo(taken ? op : op ^ 1, width, d, s);
}

/** The same with an immediate, sign-extended to 64 bits. */
export function refineImm(op: u32, width: u32, taken: u32, d: u32, imm: i32): bool {
  setConst(DOMAIN_IMMEDIATE, imm);
  return refineTo(taken ? op : op ^ 1, width, d, DOMAIN_IMMEDIATE);
}

import {
  ALU_ARSH,
  ALU_MOD,
  ALU_MOV,
  ALU_MOVSX8,
  ALU_MOVSX16,
  ALU_MOVSX32,
  ALU_SMOD,
  ALU_SUB,
  ALU_XOR,
  DOMAIN_IMMEDIATE,
} from '../../src/abi/verifier';
import { zeroExtend, signExtend } from './extend';
import { fold } from './fold';
import { half } from './half';
import { copy, isConst, isConst32, setConst, setUnknown, valueOf } from './scalar';
import { sync } from './sync';
import { wide } from './wide';

/** Bytes that a sign-extending move keeps. */
function bytesOf(op: u32): u32 {
  if (op == ALU_MOVSX8) return 1;
  return op == ALU_MOVSX16 ? 2 : 4;
}

function move(op: u32, width: u32, d: u32, s: u32): void {
  copy(d, s);
  if (op != ALU_MOV) signExtend(d, bytesOf(op));
  if (width == 32) zeroExtend(d, 4);
}

/** Results that do not depend on the value, the same on both sides. */
function isZeroOfItself(op: u32): bool {
  return op == ALU_SUB || op == ALU_XOR || op == ALU_MOD || op == ALU_SMOD;
}

function isKnown(op: u32): bool {
  return op <= (ALU_XOR as u32) || op == ALU_ARSH;
}

/** dst = dst op src, for constants in both. False when one is not. */
function foldInto(op: u32, width: u32, d: u32, s: u32): bool {
  if (width == 64) {
    if (!isConst(d) || !isConst(s)) return false;
    setConst(d, fold<u64, i64>(op, valueOf(d), valueOf(s)));
  } else {
    if (!isConst32(d) || !isConst32(s)) return false;
    setConst(d, fold<u32, i32>(op, valueOf(d) as u32, valueOf(s) as u32));
  }
  return true;
}

/**
 * dst = dst op src (of `mov` and `movsx`: dst = op src) on scalars at addresses, in 32 or 64 bits; 32-bit
 * results are zero-extended. The same address means the same value: x - x is 0. An unknown operation gives
 * an unknown scalar.
 */
export function alu(op: u32, width: u32, d: u32, s: u32): void {
  if (op >= (ALU_MOV as u32) && op <= (ALU_MOVSX32 as u32)) return move(op, width, d, s);
  if (!isKnown(op)) return setUnknown(d);
  if (d == s && isZeroOfItself(op)) return setConst(d, 0);
  if (foldInto(op, width, d, s)) return;
  if (width == 64) wide(op, d, s);
  else half(op, d, s);
  sync(d);
}

/** The same with an immediate operand, sign-extended to 64 bits. */
export function aluImm(op: u32, width: u32, d: u32, imm: i32): void {
  setConst(DOMAIN_IMMEDIATE, imm);
  alu(op, width, d, DOMAIN_IMMEDIATE);
}

/** dst = -dst. */
export function neg(width: u32, d: u32): void {
  const zero = DOMAIN_IMMEDIATE;
  setConst(zero, 0);
  alu(ALU_SUB, width, zero, d);
  copy(d, zero);
}

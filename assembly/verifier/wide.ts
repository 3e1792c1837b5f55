import {
  ALU_ADD,
  ALU_AND,
  ALU_DIV,
  ALU_LSH,
  ALU_MOD,
  ALU_MUL,
  ALU_OR,
  ALU_RSH,
  ALU_SDIV,
  ALU_SMOD,
  ALU_SUB,
  ALU_XOR,
  SCALAR_32,
  SCALAR_64,
} from '../../src/abi/verifier';
import { addBounds, mulBounds32, mulBounds64, subBounds } from './arithmetic';
import { andBounds, orBounds, xorBounds } from './bitwise';
import { setUnbounded } from './bounds';
import { divBounds, isBelow, modBounds, sdivBounds, smodBounds } from './divide';
import { maskOf, setTnum, valueOf } from './scalar';
import {
  greatestCount,
  leastCount,
  shiftHalfLeftBounds,
  shiftLeftBounds,
  shiftRightBounds,
  shiftRightSignedBounds,
} from './shift';
import {
  addTnum,
  andTnum,
  divTnum,
  modTnum,
  mulTnum,
  orTnum,
  shiftLeftTnum,
  shiftRightSignedTnum,
  shiftRightTnum,
  subTnum,
  xorTnum,
} from './tnum';

// dst = dst op src in 64 bits, before synchronisation. Operations whose low half depends on low halves
// alone bound it by these as well; of the others the low half is left to synchronisation.

function add(d: u32, s: u32): void {
  addTnum(d, s);
  addBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  addBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32);
}

function sub(d: u32, s: u32): void {
  subTnum(d, s);
  subBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  subBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32);
}

function mul(d: u32, s: u32): void {
  mulTnum(d, s);
  mulBounds64(d + SCALAR_64, s + SCALAR_64);
  mulBounds32(d + SCALAR_32, s + SCALAR_32);
}

function and(d: u32, s: u32): void {
  andTnum(d, s);
  andBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64, valueOf(d));
  andBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32, valueOf(d) as u32);
}

function or(d: u32, s: u32): void {
  orTnum(d, s);
  orBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64, valueOf(d), maskOf(d));
  orBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32, valueOf(d) as u32, maskOf(d) as u32);
}

function xor(d: u32, s: u32): void {
  xorTnum(d, s);
  xorBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64, valueOf(d), maskOf(d));
  xorBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32, valueOf(d) as u32, maskOf(d) as u32);
}

function shiftLeft(d: u32, least: u64, most: u64): void {
  shiftLeftTnum(d, least, most);
  if (least < 32) shiftLeftBounds<u64, i64>(d + SCALAR_64, least, most);
  else shiftHalfLeftBounds(d + SCALAR_64, d + SCALAR_32, least, most);
  if (most < 32) shiftLeftBounds<u32, i32>(d + SCALAR_32, least as u32, most as u32);
  else setUnbounded<u32, i32>(d + SCALAR_32);
}

function shiftRight(d: u32, least: u64, most: u64): void {
  shiftRightTnum(d, least, most);
  shiftRightBounds<u64, i64>(d + SCALAR_64, least, most);
  setUnbounded<u32, i32>(d + SCALAR_32);
}

function shiftRightSigned(d: u32, least: u64, most: u64): void {
  shiftRightSignedTnum(d, least, most);
  shiftRightSignedBounds<u64, i64>(d + SCALAR_64, least, most);
  setUnbounded<u32, i32>(d + SCALAR_32);
}

function shift(op: u32, d: u32, s: u32): void {
  const least = leastCount(s, 64);
  const most = greatestCount(s, 64);
  if (most == 0) return;
  if (op == ALU_LSH) shiftLeft(d, least, most);
  else if (op == ALU_RSH) shiftRight(d, least, most);
  else shiftRightSigned(d, least, most);
}

function div(d: u32, s: u32): void {
  divTnum(d, s);
  divBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  setUnbounded<u32, i32>(d + SCALAR_32);
}

function mod(d: u32, s: u32): void {
  if (isBelow<u64>(d + SCALAR_64, s + SCALAR_64)) return;
  modTnum(d, s);
  modBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  setUnbounded<u32, i32>(d + SCALAR_32);
}

function sdiv(d: u32, s: u32): void {
  setTnum(d, 0, -1);
  sdivBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  setUnbounded<u32, i32>(d + SCALAR_32);
}

function smod(d: u32, s: u32): void {
  modTnum(d, s);
  smodBounds<u64, i64>(d + SCALAR_64, s + SCALAR_64);
  setUnbounded<u32, i32>(d + SCALAR_32);
}

function divide(op: u32, d: u32, s: u32): void {
  if (op == ALU_DIV) div(d, s);
  else if (op == ALU_MOD) mod(d, s);
  else if (op == ALU_SDIV) sdiv(d, s);
  else smod(d, s);
}

function bitwise(op: u32, d: u32, s: u32): void {
  if (op == ALU_AND) and(d, s);
  else if (op == ALU_OR) or(d, s);
  else xor(d, s);
}

export function wide(op: u32, d: u32, s: u32): void {
  switch (op) {
    case ALU_ADD:
      return add(d, s);
    case ALU_SUB:
      return sub(d, s);
    case ALU_MUL:
      return mul(d, s);
    case ALU_DIV:
    case ALU_MOD:
    case ALU_SDIV:
    case ALU_SMOD:
      return divide(op, d, s);
    case ALU_AND:
    case ALU_OR:
    case ALU_XOR:
      return bitwise(op, d, s);
    default:
      return shift(op, d, s);
  }
}

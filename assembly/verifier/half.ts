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
  DOMAIN_SPARE,
  SCALAR_32,
} from '../../src/abi/verifier';
import { addBounds, mulBounds32, subBounds } from './arithmetic';
import { andBounds, orBounds, xorBounds } from './bitwise';
import { divBounds, isBelow, modBounds, sdivBounds, smodBounds } from './divide';
import { zeroExtendHalf } from './extend';
import { maskOf, setTnum, valueOf } from './scalar';
import {
  greatestCount,
  leastCount,
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
  signExtendTnum,
  subTnum,
  xorTnum,
  zeroExtendTnum,
} from './tnum';

// dst = (u32)(dst op src), before synchronisation. Tnums are of 64 bits all the way: where upper bits could
// reach the low half they are cut off first, and at the end always.

function add(d: u32, s: u32): void {
  addTnum(d, s);
  addBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32);
}

function sub(d: u32, s: u32): void {
  subTnum(d, s);
  subBounds<u32, i32>(d + SCALAR_32, s + SCALAR_32);
}

function mul(d: u32, s: u32): void {
  // Upper bits do not matter; to know none of them spares the long multiplication.
  if (~(maskOf(d) as u32) == 0) setTnum(d, 0, -1);
  mulTnum(d, s);
  mulBounds32(d + SCALAR_32, s + SCALAR_32);
}

function bitwise(op: u32, d: u32, s: u32): void {
  const low = d + SCALAR_32;
  if (op == ALU_AND) {
    andTnum(d, s);
    andBounds<u32, i32>(low, s + SCALAR_32, valueOf(d) as u32);
  } else if (op == ALU_OR) {
    orTnum(d, s);
    orBounds<u32, i32>(low, s + SCALAR_32, valueOf(d) as u32, maskOf(d) as u32);
  } else {
    xorTnum(d, s);
    xorBounds<u32, i32>(low, s + SCALAR_32, valueOf(d) as u32, maskOf(d) as u32);
  }
}

function shift(op: u32, d: u32, s: u32): void {
  const least = leastCount(s, 32);
  const most = greatestCount(s, 32);
  if (most == 0) return;
  if (op == ALU_LSH) {
    shiftLeftTnum(d, least, most);
    shiftLeftBounds<u32, i32>(d + SCALAR_32, least as u32, most as u32);
  } else if (op == ALU_RSH) {
    zeroExtendTnum(d, 32);
    shiftRightTnum(d, least, most);
    shiftRightBounds<u32, i32>(d + SCALAR_32, least as u32, most as u32);
  } else {
    signExtendTnum(d, 32);
    shiftRightSignedTnum(d, least, most);
    shiftRightSignedBounds<u32, i32>(d + SCALAR_32, least as i32, most as i32);
  }
}

/** The divisor's tnum, cut to the low half, at an address of the domain's own. */
function divisor(s: u32): u32 {
  setTnum(DOMAIN_SPARE, valueOf(s), maskOf(s));
  zeroExtendTnum(DOMAIN_SPARE, 32);
  return DOMAIN_SPARE;
}

function divide(op: u32, d: u32, s: u32): void {
  const low = d + SCALAR_32;
  zeroExtendTnum(d, 32);
  if (op == ALU_DIV) {
    divTnum(d, divisor(s));
    divBounds<u32, i32>(low, s + SCALAR_32);
  } else if (op == ALU_MOD) {
    if (isBelow<u32>(low, s + SCALAR_32)) return;
    modTnum(d, divisor(s));
    modBounds<u32, i32>(low, s + SCALAR_32);
  } else if (op == ALU_SDIV) {
    setTnum(d, 0, -1);
    sdivBounds<u32, i32>(low, s + SCALAR_32);
  } else {
    modTnum(d, divisor(s));
    smodBounds<u32, i32>(low, s + SCALAR_32);
  }
}

function apply(op: u32, d: u32, s: u32): void {
  switch (op) {
    case ALU_ADD:
      return add(d, s);
    case ALU_SUB:
      return sub(d, s);
    case ALU_MUL:
      return mul(d, s);
    case ALU_AND:
    case ALU_OR:
    case ALU_XOR:
      return bitwise(op, d, s);
    case ALU_DIV:
    case ALU_MOD:
    case ALU_SDIV:
    case ALU_SMOD:
      return divide(op, d, s);
    default:
      return shift(op, d, s);
  }
}

export function half(op: u32, d: u32, s: u32): void {
  apply(op, d, s);
  zeroExtendHalf(d);
}

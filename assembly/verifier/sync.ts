import { SCALAR_32, SCALAR_64 } from '../../src/abi/verifier';
import {
  areEmpty,
  clearNarrowed,
  hasNarrowed,
  narrowArc,
  narrowSigned,
  narrowUnsigned,
  setSigned,
  setUnsigned,
  signedFromUnsigned,
  smax,
  smin,
  umax,
  umin,
  unsignedFromSigned,
} from './bounds';
import { greatestMember, leastMember, narrowToMembers } from './members';
import { contains, maskOf, setConst, setTnum, valueOf } from './scalar';
import { narrowTnum } from './tnum';

// What each part of a scalar says of the others (reg_bounds_sync in the kernel).

const HALF: u64 = 0xffff_ffff;
const SMALL: u64 = 0x7fff_ffff;
/** Rounds of deduction, as in Linux 6.18: what one finds may give another something to find. */
const ROUNDS: u32 = 3;

function boundsFromTnum(r: u32): void {
  narrowToMembers<u64, i64>(r + SCALAR_64, valueOf(r), maskOf(r));
  narrowToMembers<u32, i32>(r + SCALAR_32, valueOf(r) as u32, maskOf(r) as u32);
}

/** Low halves of fewer than 2^32 consecutive numbers are an arc of 32-bit numbers. */
function lowFromWide(r: u32): void {
  const wide = r + SCALAR_64;
  const low = r + SCALAR_32;
  if (umax<u64>(wide) - umin<u64>(wide) <= HALF) {
    narrowArc<u32, i32>(low, umin<u64>(wide) as u32, umax<u64>(wide) as u32);
  }
  if ((smax<i64>(wide) - smin<i64>(wide)) as u64 <= HALF) {
    narrowArc<u32, i32>(low, smin<i64>(wide) as u32, smax<i64>(wide) as u32);
  }
}

/** The least number from x on whose low half is in [low, high]. May wrap around. */
function nextWithLow(x: u64, low: u64, high: u64): u64 {
  const half = x & HALF;
  if (half < low) return (x & ~HALF) | low;
  return half > high ? (x & ~HALF) + (HALF + 1) + low : x;
}

/** The greatest number up to x whose low half is in [low, high]. May wrap around. */
function lastWithLow(x: u64, low: u64, high: u64): u64 {
  const half = x & HALF;
  if (half > high) return (x & ~HALF) | high;
  return half < low ? (x & ~HALF) - (HALF + 1) + high : x;
}

function wideFromLow(r: u32): void {
  const wide = r + SCALAR_64;
  const low: u64 = umin<u32>(r + SCALAR_32);
  const high: u64 = umax<u32>(r + SCALAR_32);
  if (high - low < HALF) {
    // A result that has wrapped around is on the wrong side of the bound, and narrowing ignores it.
    narrowUnsigned<u64>(
      wide,
      nextWithLow(umin<u64>(wide), low, high),
      lastWithLow(umax<u64>(wide), low, high),
    );
    narrowSigned<i64>(
      wide,
      nextWithLow(smin<i64>(wide), low, high) as i64,
      lastWithLow(smax<i64>(wide), low, high) as i64,
    );
  }
  // All of 32 signed bits: the low half is the whole number.
  if (smin<i64>(wide) >= i32.MIN_VALUE && smax<i64>(wide) <= i32.MAX_VALUE) {
    narrowSigned<i64>(wide, smin<i32>(r + SCALAR_32), smax<i32>(r + SCALAR_32));
  }
}

function deduce(r: u32): void {
  lowFromWide(r);
  signedFromUnsigned<u32, i32>(r + SCALAR_32);
  unsignedFromSigned<u32, i32>(r + SCALAR_32);
  signedFromUnsigned<u64, i64>(r + SCALAR_64);
  unsignedFromSigned<u64, i64>(r + SCALAR_64);
  wideFromLow(r);
}

/** The bits that may differ among numbers from low to high: the first that does, and all below. */
function doubtBetween(low: u64, high: u64): u64 {
  const difference = low ^ high;
  return difference == 0 ? 0 : (-1 as u64) >> clz(difference);
}

/** False when bits known and bounds contradict each other. */
function tnumFromBounds(r: u32): bool {
  const low = umin<u64>(r + SCALAR_64);
  const unknown = doubtBetween(low, umax<u64>(r + SCALAR_64));
  const low32: u64 = umin<u32>(r + SCALAR_32);
  const unknown32 = doubtBetween(low32, umax<u32>(r + SCALAR_32));
  const wide = narrowTnum(r, low & ~unknown, unknown);
  return narrowTnum(r, low32 & ~unknown32, ~HALF | unknown32) && wide;
}

function isEmpty(r: u32): bool {
  return areEmpty<u64, i64>(r + SCALAR_64) || areEmpty<u32, i32>(r + SCALAR_32);
}

/** Nothing known that could say anything: the most frequent scalar but one. */
function isUnknown(r: u32): bool {
  const wide = r + SCALAR_64;
  return (
    ~maskOf(r) == 0 &&
    umin<u64>(wide) == 0 &&
    ~umax<u64>(wide) == 0 &&
    smin<i64>(wide) == i64.MIN_VALUE &&
    smax<i64>(wide) == i64.MAX_VALUE &&
    load<u64>(r, SCALAR_32) == 0xffff_ffff_0000_0000 &&
    load<u64>(r, SCALAR_32 + 8) == 0x7fff_ffff_8000_0000
  );
}

function syncAny(r: u32): bool {
  boundsFromTnum(r);
  for (let round: u32 = 0; round < ROUNDS; ++round) {
    clearNarrowed();
    deduce(r);
    if (!hasNarrowed()) break;
  }
  if (!tnumFromBounds(r)) return false;
  boundsFromTnum(r);
  return !isEmpty(r);
}

function setSmall(r: u32, value: u64, mask: u64, low: u64, high: u64): bool {
  setTnum(r, value, mask);
  setUnsigned<u64>(r + SCALAR_64, low, high);
  setSigned<i64>(r + SCALAR_64, low, high);
  const pair = low | (high << 32);
  store<u64>(r, pair, SCALAR_32);
  store<u64>(r, pair, SCALAR_32 + 8);
  return low <= high;
}

/** Of numbers below 2^31, the most frequent of all, the four pairs of bounds are one. */
function syncSmall(r: u32): bool {
  const wide = r + SCALAR_64;
  const half = r + SCALAR_32;
  const fromHalf = max<i64>(umin<u32>(half), smin<i32>(half));
  const from = max<i64>(max<i64>(umin<u64>(wide), smin<i64>(wide)), fromHalf);
  const toHalf = min<i64>(umax<u32>(half), smax<i32>(half));
  const to = min<i64>(min<i64>(umax<u64>(wide), smax<i64>(wide)), toHalf);
  if (valueOf(r) >> 31 != 0 || from > to) return false;
  const mask = maskOf(r) & SMALL;
  const low = leastMember<u64>(valueOf(r), mask, from);
  const high = greatestMember<u64>(valueOf(r), mask, to);
  const doubt = doubtBetween(low, high);
  // Between two members the bits above the first difference are the same, so that the bits known cannot
  // conflict.
  const value = valueOf(r) | (low & ~doubt);
  const unknown = mask & doubt;
  return setSmall(r, value, unknown, low, high);
}

/** Narrows every part by the others. False when nothing satisfies them all; the scalar is then of no use. */
export function sync(r: u32): bool {
  if (maskOf(r) == 0) {
    const possible = contains(r, valueOf(r));
    setConst(r, valueOf(r));
    return possible;
  }
  if (umax<u64>(r + SCALAR_64) <= SMALL) return syncSmall(r);
  return isUnknown(r) || syncAny(r);
}

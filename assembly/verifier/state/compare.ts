import {
  BYTE_DYNPTR,
  BYTE_INVALID,
  BYTE_IRQ,
  BYTE_ITER,
  BYTE_MISC,
  BYTE_SPILL,
  BYTE_ZERO,
  COMPARE_EXACT,
  COMPARE_PRECISE,
  ID_ADDED,
  KIND_BUF,
  KIND_MAP_KEY,
  KIND_MAP_VALUE,
  KIND_MASK,
  KIND_MEM,
  KIND_NONE,
  KIND_PACKET,
  KIND_PACKET_META,
  KIND_SCALAR,
  KIND_TP_BUFFER,
  PACKED_FRAME_COUNT,
  PACKED_FRAME_REGS,
  PACKED_FRAMES,
  PACKED_HEADER,
  REG_AUX,
  REG_AUX2,
  REG_PRECISE,
  REG_SIZE,
  SCRATCH,
  STATE_LIVE,
} from '../../../src/abi/state';
import { equal, within } from '../scalar';
import { clearIds, matchIds, matchScalarIds } from './ids';
import { zeroSlots } from './liveness';
import { holdsRegister, nextFrame, packedBytes, packedRegisters, packedSlot } from './pack';
import { bytesAt, frames, idOf, kindOf, offOf, refOf, registerAt, setUnknownScalar, slotAt, slotCount, typeOf } from './register';

// Whether all that was found safe from an old (packed) state on is safe from the current one on as well: states_equal
// of kernel/bpf/verifier.c.

/** The scalar that a slot of arbitrary bytes is. */
const anyScalar: u32 = SCRATCH;

let mode: u32 = COMPARE_PRECISE;
let uninitAllowed: bool = true;
let isForgetful: bool = true;

function sameFields(old: u32, now: u32): bool {
  return (
    typeOf(old) == typeOf(now) &&
    offOf(old) == offOf(now) &&
    load<u32>(old, REG_AUX) == load<u32>(now, REG_AUX) &&
    load<u32>(old, REG_AUX2) == load<u32>(now, REG_AUX2)
  );
}

function sameNames(old: u32, now: u32): bool {
  return matchIds(idOf(old), idOf(now)) && matchIds(refOf(old), refOf(now));
}

function isExact(old: u32, now: u32): bool {
  return sameFields(old, now) && equal(old, now) && sameNames(old, now);
}

function coversScalar(old: u32, now: u32): bool {
  if (mode == COMPARE_PRECISE && load<u32>(old, REG_PRECISE) == 0) return true;
  const added = idOf(old) & ID_ADDED;
  if (added != (idOf(now) & ID_ADDED)) return false;
  if (added != 0 && offOf(old) != offOf(now)) return false;
  return matchScalarIds(idOf(old), idOf(now)) && within(old, now);
}

/** Where a pointer was found to be at or behind the end (negative), it must be so again. */
function coversRange(old: i32, now: i32): bool {
  return old < 0 || now < 0 ? old == now : old <= now;
}

function coversPacket(old: u32, now: u32): bool {
  return (
    coversRange(load<i32>(old, REG_AUX), load<i32>(now, REG_AUX)) &&
    offOf(old) == offOf(now) &&
    matchIds(idOf(old), idOf(now)) &&
    within(old, now)
  );
}

function coversMemory(old: u32, now: u32): bool {
  return sameFields(old, now) && within(old, now) && sameNames(old, now);
}

/** Whether what was safe with `old` is safe with `now` (regsafe). */
function covers(old: u32, now: u32): bool {
  if (mode == COMPARE_EXACT) return isExact(old, now);
  if (kindOf(old) == KIND_NONE) return true;
  if (typeOf(old) != typeOf(now)) return false;
  switch (typeOf(old) & KIND_MASK) {
    case KIND_SCALAR:
      return coversScalar(old, now);
    case KIND_MAP_KEY:
    case KIND_MAP_VALUE:
    case KIND_MEM:
    case KIND_BUF:
    case KIND_TP_BUFFER:
      return coversMemory(old, now);
    case KIND_PACKET:
    case KIND_PACKET_META:
      return coversPacket(old, now);
    default:
      return isExact(old, now);
  }
}

function coverRegisters(at: u32, frame: u32): bool {
  const live = load<u32>(STATE_LIVE + frame * 4);
  const present = load<u32>(at, PACKED_FRAME_REGS);
  let old = packedRegisters(at);
  for (let left = present; left != 0; left &= left - 1) {
    const r = ctz<u32>(left);
    if (((live >> r) & 1) != 0 && !covers(old, registerAt(frame, r))) return false;
    old += REG_SIZE;
  }
  // What the old state did not have, the current one must not have either, to be the same in everything.
  if (mode != COMPARE_EXACT) return true;
  for (let r: u32 = 0; r < 10; r++) {
    const absent = (((live & ~present) >> r) & 1) != 0;
    if (absent && kindOf(registerAt(frame, r)) != KIND_NONE) return false;
  }
  return true;
}

const ALL_SPILLED: u64 = 0x0101_0101_0101_0101;
const ALL_MISC: u64 = 0x0202_0202_0202_0202;

function isAllMisc(kinds: u32): bool {
  const word = load<u64>(kinds);
  if (word == ALL_MISC) return true;
  for (let b: u32 = 0; b < 8; b++) {
    const kind = load<u8>(kinds + b);
    if (kind != BYTE_MISC && !(uninitAllowed && kind == BYTE_INVALID)) return false;
  }
  return true;
}

/** What a load of the whole slot gives, where that is a scalar: 0 otherwise. */
function scalarIn(kinds: u32, slot: u32): u32 {
  if (load<u64>(kinds) == ALL_SPILLED && slot != 0 && kindOf(slot) == KIND_SCALAR) return slot;
  return isAllMisc(kinds) ? anyScalar : 0;
}

function coversSpecial(kind: u32, old: u32, now: u32): bool {
  switch (kind) {
    case BYTE_SPILL:
      return covers(old, now);
    case BYTE_DYNPTR:
      return sameFields(old, now) && matchIds(idOf(old), idOf(now)) && matchIds(refOf(old), refOf(now));
    case BYTE_ITER:
      // The depth (in REG_AUX2) does not matter for what is safe, and would keep loops from converging.
      return (
        typeOf(old) == typeOf(now) &&
        load<u32>(old, REG_AUX) == load<u32>(now, REG_AUX) &&
        offOf(old) == offOf(now) &&
        matchIds(refOf(old), refOf(now))
      );
    case BYTE_IRQ:
      return matchIds(refOf(old), refOf(now));
    default:
      return true;
  }
}

function coversBytes(old: u32, now: u32): bool {
  for (let b: u32 = 0; b < 8; b++) {
    const was = load<u8>(old + b);
    const is = load<u8>(now + b);
    if (was == BYTE_INVALID || (uninitAllowed && was == BYTE_MISC)) continue;
    if (was == BYTE_MISC && is == BYTE_ZERO) continue;
    if (was != is) return false;
  }
  return true;
}

/**
 * Whether nothing that comes after the old state depends on what the slot held beyond that it can be read: bytes of
 * any value, zeros nobody relies on, scalars that no decision depended on.
 */
function isIndifferent(kinds: u32, spilled: u32, isZeroUsed: bool): bool {
  for (let b: u32 = 0; b < 8; b++) {
    switch (load<u8>(kinds + b) as u32) {
      case BYTE_INVALID:
      case BYTE_MISC:
        break;
      case BYTE_ZERO:
        if (isZeroUsed) return false;
        break;
      case BYTE_SPILL:
        if (spilled == 0 || kindOf(spilled) != KIND_SCALAR) return false;
        if (load<u32>(spilled, REG_PRECISE) != 0) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

/**
 * Whether the current slot may be read as the old one could: parts of a spilled pointer, or of an object, may not be.
 * Where the old state could not know either (bytes of any value), the kernel does not mind.
 */
function isPlain(old: u32, frame: u32, slot: u32): bool {
  if (isAllMisc(old) || slot >= slotCount(frame)) return true;
  const kinds = bytesAt(frame, slot);
  if (!holdsRegister(kinds)) return true;
  return load<u8>(kinds) == BYTE_SPILL && kindOf(slotAt(frame, slot)) == KIND_SCALAR;
}

function coversSlot(kinds: u32, spilled: u32, frame: u32, slot: u32): bool {
  const nowKinds = bytesAt(frame, slot);
  const nowSpilled = slotAt(frame, slot);
  const word = load<u64>(kinds);
  if (mode == COMPARE_EXACT && word != load<u64>(nowKinds)) return false;
  if (word == 0) return true;
  const oldScalar = scalarIn(kinds, spilled);
  const nowScalar = oldScalar != 0 ? scalarIn(nowKinds, nowSpilled) : 0;
  if (oldScalar != 0 && nowScalar != 0) return covers(oldScalar, nowScalar);
  if (!coversBytes(kinds, nowKinds)) return false;
  const kind = load<u8>(kinds);
  return spilled == 0 || kind == BYTE_INVALID || coversSpecial(kind, spilled, nowSpilled);
}

/** Slots that the current state never touched hold nothing that could be read as what the old state had. */
function coversAbsent(kinds: u32): bool {
  if (mode == COMPARE_EXACT) return false;
  for (let b: u32 = 0; b < 8; b++) {
    const was = load<u8>(kinds + b);
    if (was != BYTE_INVALID && !(uninitAllowed && was == BYTE_MISC)) return false;
  }
  return true;
}

function coverStack(at: u32, frame: u32, zeros: u64): bool {
  const count = load<u32>(at, PACKED_FRAME_COUNT);
  const own = slotCount(frame);
  const kinds = packedBytes(at);
  const lenient = mode == COMPARE_PRECISE && uninitAllowed && isForgetful;
  for (let s: u32 = 0; s < count; s++) {
    const bytes = kinds + s * 8;
    if (mode != COMPARE_EXACT && load<u64>(bytes) == 0) continue;
    const isZeroUsed = ((zeros >> s) & 1) != 0;
    if (lenient && isIndifferent(bytes, packedSlot(at, s), isZeroUsed) && isPlain(bytes, frame, s)) continue;
    if (s >= own) {
      if (!coversAbsent(bytes)) return false;
    } else if (!coversSlot(bytes, packedSlot(at, s), frame, s)) {
      return false;
    }
  }
  return true;
}

/**
 * Whether the current state is covered by a packed one. References are compared by the caller, with the names of ids
 * that this leaves behind.
 *
 * @param how COMPARE_*
 * @param uninit 1 when programs may read stack they never wrote
 * @param forgets 1 to pass over what no decision depended on in the stack, which the kernel does in registers alone
 */
export function covered(state: u32, how: u32, uninit: u32, forgets: u32): bool {
  clearIds();
  mode = how;
  uninitAllowed = uninit != 0;
  isForgetful = forgets != 0;
  setUnknownScalar(anyScalar);
  const count = load<u32>(state, PACKED_FRAMES);
  if (count != frames()) return false;
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) {
    if (!coverRegisters(at, f) || !coverStack(at, f, zeroSlots(state, f))) return false;
    at = nextFrame(at);
  }
  return true;
}

import {
  BYTE_ITER,
  BYTE_SPILL,
  KIND_SCALAR,
  MAX_SLOTS,
  PACKED_FRAME_COUNT,
  PACKED_FRAMES,
  PACKED_HEADER,
  REG_AUX,
  REG_AUX2,
  REG_PRECISE,
} from '../../../src/abi/state';
import { equal } from '../scalar';
import { nextFrame, packedBytes, packedRegister, packedSlot } from './pack';
import { bytesAt, kindOf, registerAt, setUnknownScalar, slotAt, slotCount } from './register';

// Loops that the walk need not go through round by round: what changes from round to round becomes unknown
// (widen_imprecise_scalars of kernel/bpf/verifier.c).

const ACTIVE: u32 = 1;

function isLoose(r: u32): bool {
  return r != 0 && kindOf(r) == KIND_SCALAR && load<u32>(r, REG_PRECISE) == 0;
}

function widen(old: u32, now: u32): void {
  if (isLoose(old) && isLoose(now) && !equal(old, now)) setUnknownScalar(now);
}

function slotsOfBoth(at: u32, frame: u32): u32 {
  return min<u32>(min<u32>(load<u32>(at, PACKED_FRAME_COUNT), slotCount(frame)), MAX_SLOTS);
}

function widenFrame(at: u32, frame: u32): void {
  for (let r: u32 = 0; r < 10; r++) widen(packedRegister(at, r), registerAt(frame, r));
  const count = slotsOfBoth(at, frame);
  for (let s: u32 = 0; s < count; s++) {
    const wasSpilled = load<u8>(packedBytes(at) + s * 8) == BYTE_SPILL;
    if (wasSpilled && load<u8>(bytesAt(frame, s)) == BYTE_SPILL) widen(packedSlot(at, s), slotAt(frame, s));
  }
}

export function widenFrom(state: u32): void {
  const count = load<u32>(state, PACKED_FRAMES);
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) {
    widenFrame(at, f);
    at = nextFrame(at);
  }
}

function isActive(kinds: u32, r: u32): bool {
  return load<u8>(kinds) == BYTE_ITER && r != 0 && (load<u32>(r, REG_AUX) & 0xff) == ACTIVE;
}

function differInFrame(at: u32, frame: u32): bool {
  const count = slotsOfBoth(at, frame);
  for (let s: u32 = 0; s < count; s++) {
    const old = packedSlot(at, s);
    const now = slotAt(frame, s);
    if (!isActive(packedBytes(at) + s * 8, old) || !isActive(bytesAt(frame, s), now)) continue;
    if (load<u32>(old, REG_AUX2) != load<u32>(now, REG_AUX2)) return true;
  }
  return false;
}

/** Whether an iterator has gone a different number of rounds in the packed state. */
export function iteratorDepthsDiffer(state: u32): bool {
  const count = load<u32>(state, PACKED_FRAMES);
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) {
    if (differInFrame(at, f)) return true;
    at = nextFrame(at);
  }
  return false;
}

import {
  FRAME_BYTES,
  FRAME_COUNT,
  FRAME_REGS,
  FRAME_SIZE,
  FRAME_SLOTS,
  KIND_MASK,
  KIND_NONE,
  KIND_SCALAR,
  REG_ID,
  REG_OFF,
  REG_REF,
  REG_SIZE,
  REG_TYPE,
  STATE,
  STATE_FRAMES,
} from '../../../src/abi/state';
import { setUnknown } from '../scalar';

// Registers and slots of the current state: see src/abi/state.ts.

export function frames(): u32 {
  return load<u32>(STATE_FRAMES);
}

export function frameAt(frame: u32): u32 {
  return STATE + frame * FRAME_SIZE;
}

export function registerAt(frame: u32, register: u32): u32 {
  return frameAt(frame) + FRAME_REGS + register * REG_SIZE;
}

export function slotAt(frame: u32, slot: u32): u32 {
  return frameAt(frame) + FRAME_SLOTS + slot * REG_SIZE;
}

/** Address of the 8 kinds of a slot's bytes. */
export function bytesAt(frame: u32, slot: u32): u32 {
  return frameAt(frame) + FRAME_BYTES + slot * 8;
}

export function slotCount(frame: u32): u32 {
  return load<u32>(frameAt(frame) + FRAME_COUNT);
}

export function typeOf(r: u32): u32 {
  return load<u32>(r, REG_TYPE);
}

export function kindOf(r: u32): u32 {
  return load<u32>(r, REG_TYPE) & KIND_MASK;
}

export function idOf(r: u32): u32 {
  return load<u32>(r, REG_ID);
}

export function refOf(r: u32): u32 {
  return load<u32>(r, REG_REF);
}

export function offOf(r: u32): i32 {
  return load<i32>(r, REG_OFF);
}

export function copyRegister(to: u32, from: u32): void {
  memory.copy(to, from, REG_SIZE);
}

/** Everything but the value: no id, no reference, no offset, not precise. */
function setBare(r: u32, kind: u32): void {
  memory.fill(r + REG_TYPE, 0, REG_SIZE - REG_TYPE);
  store<u32>(r, kind, REG_TYPE);
}

/** A scalar of any value. */
export function setUnknownScalar(r: u32): void {
  setUnknown(r);
  setBare(r, KIND_SCALAR);
}

/** Nothing that could be read. */
export function setNone(r: u32): void {
  setUnknown(r);
  setBare(r, KIND_NONE);
}

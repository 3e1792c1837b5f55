import {
  BYTE_SPILL,
  KIND_SCALAR,
  PACKED_FRAME_REGS,
  PACKED_FRAME_SPILLS,
  PACKED_FRAMES,
  PACKED_HEADER,
  REG_PRECISE,
  WANTED,
} from '../../../src/abi/state';
import { nextFrame, packedBytes, packedRegister, packedSlot } from './pack';
import { frames, kindOf } from './register';

// Precision in packed states: which scalars decisions after them depended on (mark_chain_precision of
// kernel/bpf/verifier.c). What is looked for stands in WANTED, a mask of registers and one of slots for each frame.

function wantedAt(frame: u32): u32 {
  return WANTED + frame * 16;
}

/** Whether the scalar has to be followed further back; it is precise from now on. */
function require(r: u32): bool {
  if (r == 0 || kindOf(r) != KIND_SCALAR || load<u32>(r, REG_PRECISE) != 0) return false;
  store<u32>(r, 1, REG_PRECISE);
  return true;
}

function spilledAt(at: u32, slot: u32): u32 {
  return load<u8>(packedBytes(at) + slot * 8) == BYTE_SPILL ? packedSlot(at, slot) : 0;
}

function requireInFrame(at: u32, frame: u32): bool {
  let registers = load<u32>(wantedAt(frame));
  for (let left = registers; left != 0; left &= left - 1) {
    const r = ctz<u32>(left);
    if (!require(packedRegister(at, r))) registers &= ~(1 << r);
  }
  let slots = load<u64>(wantedAt(frame), 8);
  for (let left = slots; left != 0; left &= left - 1) {
    const s = ctz<u64>(left);
    if (!require(spilledAt(at, s as u32))) slots &= ~((1 as u64) << s);
  }
  store<u32>(wantedAt(frame), registers);
  store<u64>(wantedAt(frame), slots, 8);
  return registers != 0 || slots != 0;
}

/** Makes what is wanted precise in a packed state. True when something is left to follow further back. */
export function requirePrecise(state: u32): bool {
  const count = load<u32>(state, PACKED_FRAMES);
  let at = state + PACKED_HEADER;
  let isLeft = false;
  for (let f: u32 = 0; f < count; f++) {
    if (requireInFrame(at, f)) isLeft = true;
    at = nextFrame(at);
  }
  return isLeft;
}

function isPrecise(r: u32): bool {
  return r != 0 && kindOf(r) == KIND_SCALAR && load<u32>(r, REG_PRECISE) != 0;
}

function wantFromFrame(at: u32, frame: u32): bool {
  let registers: u32 = 0;
  for (let left = load<u32>(at, PACKED_FRAME_REGS); left != 0; left &= left - 1) {
    const r = ctz<u32>(left);
    if (isPrecise(packedRegister(at, r))) registers |= 1 << r;
  }
  let slots: u64 = 0;
  for (let left = load<u64>(at, PACKED_FRAME_SPILLS); left != 0; left &= left - 1) {
    const s = ctz<u64>(left);
    if (isPrecise(spilledAt(at, s as u32))) slots |= (1 as u64) << s;
  }
  store<u32>(wantedAt(frame), registers);
  store<u64>(wantedAt(frame), slots, 8);
  return registers != 0 || slots != 0;
}

/** Wants all that is precise in a packed state. False when there is nothing. */
export function wantPreciseOf(state: u32): bool {
  const count = load<u32>(state, PACKED_FRAMES);
  let at = state + PACKED_HEADER;
  let isAny = false;
  for (let f: u32 = 0; f < count; f++) {
    if (wantFromFrame(at, f)) isAny = true;
    at = nextFrame(at);
  }
  return isAny;
}

/** Makes every scalar of a packed state precise. */
export function requireAllPrecise(state: u32): void {
  const count = load<u32>(state, PACKED_FRAMES);
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) {
    for (let left = load<u32>(at, PACKED_FRAME_REGS); left != 0; left &= left - 1) {
      require(packedRegister(at, ctz<u32>(left)));
    }
    for (let left = load<u64>(at, PACKED_FRAME_SPILLS); left != 0; left &= left - 1) {
      require(spilledAt(at, ctz<u64>(left) as u32));
    }
    at = nextFrame(at);
  }
}

/** Looks for nothing, in as many frames as the current state has. */
export function clearWanted(): void {
  memory.fill(WANTED, 0, frames() * 16);
}

import {
  LIVENESS_SIZE,
  BYTE_DYNPTR,
  BYTE_IRQ,
  BYTE_ITER,
  BYTE_SPILL,
  FRAME_BYTES,
  FRAME_COUNT,
  FRAME_REGS,
  FRAME_WRITTEN,
  KIND_NONE,
  MAX_STATE_FRAMES,
  PACKED_FRAME_COUNT,
  PACKED_FRAME_HEADER,
  PACKED_FRAME_REGS,
  PACKED_FRAME_SPILLS,
  PACKED_FRAMES,
  PACKED_HEADER,
  PACKED_LIVENESS,
  PACKED_PARENT,
  PACKED_SIZE,
  REG_SIZE,
  STATE_FRAMES,
  STATE_LIVE,
} from '../../../src/abi/state';
import { allocate, release } from './heap';
import { bytesAt, copyRegister, frameAt, frames, kindOf, registerAt, setNone, slotAt, slotCount } from './register';

// A packed state holds the registers that are read later and the slots that hold one, and nothing else.

const SAVED_REGS: u32 = 10;

function livesIn(frame: u32): u32 {
  return load<u32>(STATE_LIVE + frame * 4);
}

function registersOf(frame: u32): u32 {
  let mask: u32 = 0;
  for (let r: u32 = 0; r < SAVED_REGS; r++) {
    if (kindOf(registerAt(frame, r)) != KIND_NONE) mask |= 1 << r;
  }
  return mask & livesIn(frame);
}

/** Whether what the lowest byte is (or what a dynptr, iterator or flag is made of) stands in the slot's register. */
export function holdsRegister(kinds: u32): bool {
  const kind = load<u8>(kinds);
  return kind == BYTE_SPILL || kind == BYTE_DYNPTR || kind == BYTE_ITER || kind == BYTE_IRQ;
}

function spillsOf(frame: u32): u64 {
  const count = slotCount(frame);
  let mask: u64 = 0;
  for (let s: u32 = 0; s < count; s++) {
    if (holdsRegister(bytesAt(frame, s))) mask |= (1 as u64) << s;
  }
  return mask;
}

function packedFrameSize(count: u32, registers: u32, spills: u64): u32 {
  const held = popcnt<u32>(registers) + (popcnt<u64>(spills) as u32);
  return PACKED_FRAME_HEADER + count * 8 + held * REG_SIZE;
}

/** Address behind a packed frame. */
export function nextFrame(at: u32): u32 {
  const registers = load<u32>(at, PACKED_FRAME_REGS);
  return at + packedFrameSize(load<u32>(at, PACKED_FRAME_COUNT), registers, load<u64>(at, PACKED_FRAME_SPILLS));
}

/** Address of a frame in a packed state. */
export function packedFrame(state: u32, frame: u32): u32 {
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < frame; f++) at = nextFrame(at);
  return at;
}

/** Address of the byte kinds of a packed frame, of its first register, and of its first slot's register. */
export function packedBytes(at: u32): u32 {
  return at + PACKED_FRAME_HEADER;
}

export function packedRegisters(at: u32): u32 {
  return packedBytes(at) + load<u32>(at, PACKED_FRAME_COUNT) * 8;
}

function packedSlots(at: u32): u32 {
  return packedRegisters(at) + popcnt<u32>(load<u32>(at, PACKED_FRAME_REGS)) * REG_SIZE;
}

/** A register of a packed frame; 0 when it is not there. */
export function packedRegister(at: u32, register: u32): u32 {
  const mask = load<u32>(at, PACKED_FRAME_REGS);
  if (((mask >> register) & 1) == 0) return 0;
  return packedRegisters(at) + popcnt<u32>(mask & ((1 << register) - 1)) * REG_SIZE;
}

export function packedSlot(at: u32, slot: u32): u32 {
  const mask = load<u64>(at, PACKED_FRAME_SPILLS);
  if (((mask >> slot) & 1) == 0) return 0;
  const before = popcnt<u64>(mask & (((1 as u64) << slot) - 1)) as u32;
  return packedSlots(at) + before * REG_SIZE;
}

function packFrame(frame: u32, at: u32, registers: u32, spills: u64): void {
  const count = slotCount(frame);
  store<u32>(at, count, PACKED_FRAME_COUNT);
  store<u32>(at, registers, PACKED_FRAME_REGS);
  store<u64>(at, spills, PACKED_FRAME_SPILLS);
  memory.copy(packedBytes(at), frameAt(frame) + FRAME_BYTES, count * 8);
  let to = packedRegisters(at);
  for (let left = registers; left != 0; left &= left - 1) {
    copyRegister(to, registerAt(frame, ctz<u32>(left)));
    to += REG_SIZE;
  }
  for (let left = spills; left != 0; left &= left - 1) {
    copyRegister(to, slotAt(frame, ctz<u64>(left) as u32));
    to += REG_SIZE;
  }
}

/**
 * A packed copy of the current state, without the registers that STATE_LIVE calls dead.
 *
 * @returns its address; 0 when the memory limit is reached
 */
export function save(parent: u32): u32 {
  const count = frames();
  let size: u32 = PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) size += packedFrameSize(slotCount(f), registersOf(f), spillsOf(f));
  const state = allocate(size);
  if (state == 0) return 0;
  memory.fill(state, 0, PACKED_HEADER);
  store<u32>(state, parent, PACKED_PARENT);
  store<u32>(state, count, PACKED_FRAMES);
  store<u32>(state, size, PACKED_SIZE);
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) {
    packFrame(f, at, registersOf(f), spillsOf(f));
    store<u64>(state + PACKED_LIVENESS + f * LIVENESS_SIZE, load<u64>(frameAt(f) + FRAME_WRITTEN), 8);
    at = nextFrame(at);
  }
  return state;
}

function loadFrame(frame: u32, at: u32): void {
  const count = load<u32>(at, PACKED_FRAME_COUNT);
  const registers = load<u32>(at, PACKED_FRAME_REGS);
  store<u32>(frameAt(frame) + FRAME_COUNT, count);
  memory.copy(frameAt(frame) + FRAME_BYTES, packedBytes(at), count * 8);
  let from = packedRegisters(at);
  for (let r: u32 = 0; r < SAVED_REGS; r++) {
    if (((registers >> r) & 1) == 0) {
      setNone(frameAt(frame) + FRAME_REGS + r * REG_SIZE);
    } else {
      copyRegister(registerAt(frame, r), from);
      from += REG_SIZE;
    }
  }
  for (let left = load<u64>(at, PACKED_FRAME_SPILLS); left != 0; left &= left - 1) {
    copyRegister(slotAt(frame, ctz<u64>(left) as u32), from);
    from += REG_SIZE;
  }
}

/** Makes a packed state the current one. r10 of each frame is always there. */
export function restore(state: u32): void {
  const count = load<u32>(state, PACKED_FRAMES);
  store<u32>(STATE_FRAMES, count);
  let at = state + PACKED_HEADER;
  for (let f: u32 = 0; f < count; f++) {
    loadFrame(f, at);
    store<u64>(frameAt(f) + FRAME_WRITTEN, load<u64>(state + PACKED_LIVENESS + f * LIVENESS_SIZE, 8));
    at = nextFrame(at);
  }
}

export function drop(state: u32): void {
  release(state, load<u32>(state, PACKED_SIZE));
}

/** All registers count as read later. */
export function setAllLive(): void {
  for (let f: u32 = 0; f < (MAX_STATE_FRAMES as u32); f++) store<u32>(STATE_LIVE + f * 4, 0x7ff);
}

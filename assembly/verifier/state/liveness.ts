import {
  LIVENESS_SIZE,
  BYTE_INVALID,
  FRAME_WRITTEN,
  KIND_NONE,
  PACKED_FRAME_COUNT,
  PACKED_FRAMES,
  PACKED_LIVENESS,
  PACKED_PARENT,
  REG_TYPE,
  STATE_LIVE,
} from '../../../src/abi/state';
import { nextFrame, packedBytes, packedFrame, packedRegister, packedSlot } from './pack';
import { frameAt, frames } from './register';

// Which stack slots are read after a checkpoint, by walking from the read up to the checkpoint before the write:
// packed states that differ in other slots are equal. (Registers are known from the code alone.)

/** What is noted of slots: that they are read, or that it matters that they are zero. */
const READ: u32 = 0;
const WRITTEN: u32 = 8;
const ZERO: u32 = 16;

function livenessAt(state: u32, frame: u32): u32 {
  return state + PACKED_LIVENESS + frame * LIVENESS_SIZE;
}

/** Notes something of slots in the packed states from `first` upwards; true when that is new somewhere. */
function markUp(first: u32, frame: u32, slots: u64, what: u32): bool {
  let left = slots;
  let isNew = false;
  for (let state = first; state != 0; state = load<u32>(state, PACKED_PARENT)) {
    if (frame >= load<u32>(state, PACKED_FRAMES)) break;
    const at = livenessAt(state, frame);
    const known = load<u64>(at + what);
    if ((left & ~known) == 0) break;
    isNew = true;
    store<u64>(at + what, known | left);
    left &= ~load<u64>(at + WRITTEN);
    if (left == 0) break;
  }
  return isNew;
}

/** The same from the current state, whose last checkpoint is `parent`. */
function mark(parent: u32, frame: u32, slots: u64, what: u32): void {
  const left = slots & ~load<u64>(frameAt(frame) + FRAME_WRITTEN);
  if (left != 0) markUp(parent, frame, left, what);
}

/** The current state reads a slot of a frame. */
export function markSlotRead(parent: u32, frame: u32, slot: u32): void {
  mark(parent, frame, (1 as u64) << slot, READ);
}

/** The current state takes bytes of the slot for zero. */
export function markSlotZero(parent: u32, frame: u32, slot: u32): void {
  mark(parent, frame, (1 as u64) << slot, ZERO);
}

export function markSlotWritten(frame: u32, slot: u32): void {
  const at = frameAt(frame) + FRAME_WRITTEN;
  store<u64>(at, load<u64>(at) | ((1 as u64) << slot));
}

/** What matters after `old` matters for the current state as well, which goes the same way from here. */
export function inheritReads(old: u32, parent: u32): void {
  const count = frames();
  for (let f: u32 = 0; f < count; f++) {
    mark(parent, f, load<u64>(livenessAt(old, f) + READ), READ);
    mark(parent, f, load<u64>(livenessAt(old, f) + ZERO), ZERO);
  }
}

function inherit(old: u32, state: u32, frame: u32, what: u32): bool {
  const left = load<u64>(livenessAt(old, frame) + what) & ~load<u64>(livenessAt(state, frame) + WRITTEN);
  return left != 0 && markUp(load<u32>(state, PACKED_PARENT), frame, left, what);
}

/** The same for a packed state; true when that told something new. */
export function inheritReadsPacked(old: u32, state: u32): bool {
  const count = load<u32>(state, PACKED_FRAMES);
  let isNew = false;
  for (let f: u32 = 0; f < count; f++) {
    if (inherit(old, state, f, READ)) isNew = true;
    if (inherit(old, state, f, ZERO)) isNew = true;
  }
  return isNew;
}

/** Slots of a packed state's frame of which it matters that bytes are zero. */
export function zeroSlots(state: u32, frame: u32): u64 {
  return load<u64>(livenessAt(state, frame) + ZERO);
}

/** The current state has become a checkpoint: nothing is written since. */
export function clearWritten(): void {
  const count = frames();
  for (let f: u32 = 0; f < count; f++) store<u64>(frameAt(f) + FRAME_WRITTEN, 0);
}

function cleanFrame(state: u32, frame: u32, at: u32): void {
  const live = load<u32>(STATE_LIVE + frame * 4);
  for (let r: u32 = 0; r < 10; r++) {
    const register = packedRegister(at, r);
    if (register != 0 && ((live >> r) & 1) == 0) store<u32>(register, KIND_NONE, REG_TYPE);
  }
  const read = load<u64>(livenessAt(state, frame) + READ);
  const count = load<u32>(at, PACKED_FRAME_COUNT);
  for (let s: u32 = 0; s < count; s++) {
    if (((read >> s) & 1) != 0) continue;
    const spilled = packedSlot(at, s);
    if (spilled != 0) store<u32>(spilled, KIND_NONE, REG_TYPE);
    store<u64>(packedBytes(at) + s * 8, BYTE_INVALID);
  }
}

/** Forgets what nobody reads after a packed state all of whose paths have been walked. */
export function clean(state: u32): void {
  const count = load<u32>(state, PACKED_FRAMES);
  let at = packedFrame(state, 0);
  for (let f: u32 = 0; f < count; f++) {
    cleanFrame(state, f, at);
    at = nextFrame(at);
  }
}

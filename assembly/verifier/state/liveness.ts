import {
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

function readAt(state: u32, frame: u32): u32 {
  return state + PACKED_LIVENESS + frame * 16;
}

/** Notes in the packed states from `state` upwards that the slots are read; true when that is new somewhere. */
function markUp(first: u32, frame: u32, slots: u64): bool {
  let left = slots;
  let isNew = false;
  for (let state = first; state != 0; state = load<u32>(state, PACKED_PARENT)) {
    if (frame >= load<u32>(state, PACKED_FRAMES)) break;
    const at = readAt(state, frame);
    const known = load<u64>(at);
    if ((left & ~known) == 0) break;
    isNew = true;
    store<u64>(at, known | left);
    left &= ~load<u64>(at, 8);
    if (left == 0) break;
  }
  return isNew;
}

/** The current state, whose last checkpoint is `parent`, reads slots of a frame. */
function markRead(parent: u32, frame: u32, slots: u64): void {
  const left = slots & ~load<u64>(frameAt(frame) + FRAME_WRITTEN);
  if (left != 0) markUp(parent, frame, left);
}

export function markSlotRead(parent: u32, frame: u32, slot: u32): void {
  markRead(parent, frame, (1 as u64) << slot);
}

export function markSlotWritten(frame: u32, slot: u32): void {
  const at = frameAt(frame) + FRAME_WRITTEN;
  store<u64>(at, load<u64>(at) | ((1 as u64) << slot));
}

/** What comes after `old` is read by the current state as well, which goes the same way from here. */
export function inheritReads(old: u32, parent: u32): void {
  const count = frames();
  for (let f: u32 = 0; f < count; f++) markRead(parent, f, load<u64>(readAt(old, f)));
}

/** The same for a packed state; true when that told something new. */
export function inheritReadsPacked(old: u32, state: u32): bool {
  const count = load<u32>(state, PACKED_FRAMES);
  let isNew = false;
  for (let f: u32 = 0; f < count; f++) {
    const left = load<u64>(readAt(old, f)) & ~load<u64>(readAt(state, f), 8);
    if (left != 0 && markUp(load<u32>(state, PACKED_PARENT), f, left)) isNew = true;
  }
  return isNew;
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
  const read = load<u64>(readAt(state, frame));
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

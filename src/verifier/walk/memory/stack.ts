/** The stack: spills, fills, and bytes of which only the kind is known (check_stack_* of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { MAX_OFFSET } from '../arithmetic/pointers.ts';
import { linkBeforeCopy, unlink } from '../arithmetic/scalars.ts';
import { tnumText } from '../describe.ts';
import { markPrecise } from '../paths/precision.ts';
import { refuse } from '../refusal.ts';
import { refuseSpecialOverwrite } from '../special.ts';
import type { Walk } from '../walk.ts';

export const MAX_STACK = 512;
const BYTES = 8;

/** Slot of an offset from the frame pointer, and byte in it, the lowest address first. */
export const slotOf = (off: number): number => (-off - 1) >> 3;
const byteOf = (off: number): number => off & 7;

/** Frame whose stack the register points to. */
export const frameOf = (walk: Walk, r: number): number => walk.memory.aux(r);

/** Offsets an access of `size` bytes may begin at. */
export interface StackRange {
  readonly low: number;
  readonly high: number;
}

function refuseBounds(walk: Walk, register: number, off: number, size: number, verb: string): never {
  const r = walk.reg(register);
  if (walk.memory.isConst(r)) {
    const at = walk.memory.constant(r) + off;
    refuse(`invalid ${verb} stack R${register} off=${at} size=${size}`, {
      hint: `a function's stack is the ${MAX_STACK} bytes below r10`,
    });
  }
  refuse(
    `invalid variable-offset ${verb} stack R${register} var_off=${tnumText(walk, r)} off=${off} size=${size}`,
  );
}

/**
 * Refuses what lies outside the frame's 512 bytes, and makes room down to what lies inside.
 *
 * @param off fixed part of the offset, of the register and the instruction
 */
export function checkStackBounds(
  walk: Walk,
  register: number,
  off: number,
  size: number,
  isWrite: boolean,
): StackRange {
  const { memory, ops } = walk;
  const r = walk.reg(register);
  const verb = isWrite ? 'write to' : 'read from';
  const isConst = memory.isConst(r);
  if (!isConst && (ops.smaxOf(r) >= MAX_OFFSET || ops.sminOf(r) <= -MAX_OFFSET)) {
    refuse(`invalid unbounded variable-offset ${verb} stack R${register}`);
  }
  const low = off + (isConst ? memory.constant(r) : ops.sminOf(r));
  const high = off + (isConst ? memory.constant(r) : ops.smaxOf(r));
  const frame = frameOf(walk, r);
  const deepest = isWrite || walk.rules.leaks ? MAX_STACK : memory.slotCount(frame) * BYTES;
  if (low < -deepest || low > -1 || high + size > 0 || size < 0)
    refuseBounds(walk, register, off, size, verb);
  memory.growStack(frame, slotOf(low) + 1);
  walk.facts.stack(walk.frames[frame]?.subprogram ?? 0, -low);
  return { low, high };
}

// ---- bytes ---------------------------------------------------------------------------------------------------

const kindAt = (walk: Walk, frame: number, off: number): number =>
  walk.memory.bytes[walk.memory.slotBytes(frame, slotOf(off)) + byteOf(off)] as number;

const setKindAt = (walk: Walk, frame: number, off: number, kind: number): void => {
  walk.memory.bytes[walk.memory.slotBytes(frame, slotOf(off)) + byteOf(off)] = kind;
};

export const isSpill = (walk: Walk, frame: number, slot: number): boolean =>
  walk.memory.bytes[walk.memory.slotBytes(frame, slot)] === abi.BYTE_SPILL;

/** What was spilled, or stood for something else, becomes bytes of any value. */
function scrubSlot(walk: Walk, frame: number, slot: number): void {
  const { bytes } = walk.memory;
  const at = walk.memory.slotBytes(frame, slot);
  for (let b = at; b < at + BYTES; b++) {
    const kind = bytes[b];
    if (kind !== abi.BYTE_INVALID && kind !== abi.BYTE_ZERO) bytes[b] = abi.BYTE_MISC;
  }
}

const markRead = (walk: Walk, frame: number, slot: number): void =>
  walk.ops.markSlotRead(walk.parent?.address ?? 0, frame, slot);

/** The bytes are taken for zero: states without that are not like this one. */
export function relyOnZero(walk: Walk, frame: number, low: number, end: number): void {
  for (let slot = slotOf(end - 1); slot <= slotOf(low); slot++) {
    walk.ops.markSlotZero(walk.parent?.address ?? 0, frame, slot);
  }
}

/** r = 0, since all bytes of a load are. */
function setZero(walk: Walk, r: number, frame: number, low: number, end: number): void {
  relyOnZero(walk, frame, low, end);
  walk.memory.setConstant(r, 0n);
}

/** Slots of a frame whose address does more than its own function's loads and stores with known offsets. */
export function lend(walk: Walk, frame: number, low: number, end: number): void {
  if (end > low) walk.facts.escape(walk.frames[frame]?.subprogram ?? 0, slotOf(end - 1), slotOf(low));
}

// ---- stores --------------------------------------------------------------------------------------------------

/** A value that is stored: a register, a constant, or something unknown. */
export interface Stored {
  readonly register?: number | undefined;
  readonly imm?: number | undefined;
}

function isZeroStored(walk: Walk, { register, imm }: Stored): boolean {
  return register === undefined ? imm === 0 : walk.memory.isZero(walk.reg(register));
}

/** The slot holds the register's state; bytes above those written keep nothing of what was spilled there. */
function spill(walk: Walk, frame: number, slot: number, r: number, size: number): void {
  const { memory, ops } = walk;
  ops.copyRegister(memory.slot(frame, slot), r);
  if (size === BYTES) ops.markSlotWritten(frame, slot);
  const at = memory.slotBytes(frame, slot);
  memory.bytes.fill(abi.BYTE_SPILL, at, at + size);
  for (let b = at + size; b < at + BYTES; b++) {
    const kind = memory.bytes[b];
    if (kind === abi.BYTE_ZERO || kind === abi.BYTE_INVALID) continue;
    memory.bytes[b] = abi.BYTE_MISC;
  }
}

function spillScalar(walk: Walk, frame: number, slot: number, r: number, size: number): void {
  const fits = walk.ops.widthOf(r) <= 8 * size;
  if (fits) linkBeforeCopy(walk, r);
  spill(walk, frame, slot, r, size);
  if (!fits) unlink(walk, walk.memory.slot(frame, slot));
}

function spillPointer(walk: Walk, frame: number, slot: number, r: number, size: number): void {
  if (size !== BYTES) {
    refuse('invalid size of register spill', { hint: 'pointers are spilled whole, 8 bytes aligned to 8' });
  }
  if (frame !== walk.frame && walk.memory.kind(r) === abi.KIND_STACK) {
    refuse('cannot spill pointers to stack into stack frame of the caller');
  }
  spill(walk, frame, slot, r, size);
}

function writeBytes(walk: Walk, frame: number, off: number, size: number, stored: Stored): void {
  const { memory, ops } = walk;
  const slot = slotOf(off);
  scrubSlot(walk, frame, slot);
  const isZero = isZeroStored(walk, stored);
  if (isZero && stored.register !== undefined) markPrecise(walk, stored.register);
  if (size === BYTES) ops.markSlotWritten(frame, slot);
  const at = memory.slotBytes(frame, slot) + byteOf(off);
  memory.bytes.fill(isZero ? abi.BYTE_ZERO : abi.BYTE_MISC, at, at + size);
}

function noteAccess(walk: Walk, frame: number, slot: number): void {
  walk.trace.noteStack(walk.node, { frame, slot });
  walk.history += 1;
}

function storeFixed(walk: Walk, frame: number, off: number, size: number, stored: Stored): void {
  const { memory } = walk;
  const slot = slotOf(off);
  if (!walk.rules.leaks && size !== BYTES && isSpill(walk, frame, slot)) {
    const isPointer = memory.kind(memory.slot(frame, slot)) !== abi.KIND_SCALAR;
    if (isPointer) refuse('attempt to corrupt spilled pointer on stack');
  }
  refuseSpecialOverwrite(walk, frame, slot);
  const r = stored.register === undefined ? undefined : walk.reg(stored.register);
  const aligned = off % BYTES === 0;
  const kind = r === undefined ? abi.KIND_NONE : memory.kind(r);
  if (r !== undefined && aligned && kind === abi.KIND_SCALAR && walk.rules.capable) {
    spillScalar(walk, frame, slot, r, size);
  } else if (r === undefined && aligned && stored.imm !== undefined && walk.rules.capable) {
    const constant = memory.scratch(2);
    memory.setConstant(constant, BigInt(stored.imm));
    spill(walk, frame, slot, constant, size);
  } else if (r !== undefined && kind !== abi.KIND_SCALAR && kind !== abi.KIND_NONE) {
    spillPointer(walk, frame, slot, r, size);
  } else {
    writeBytes(walk, frame, off, size, stored);
    return;
  }
  noteAccess(walk, frame, slot);
}

/** Anywhere in the range: what was there may still be there. */
function storeVariable(
  walk: Walk,
  frame: number,
  { low, high }: StackRange,
  size: number,
  stored: Stored,
): void {
  const { memory, rules } = walk;
  const writesZero = isZeroStored(walk, stored);
  let isZeroUsed = false;
  for (let slot = slotOf(high + size - 1); slot <= slotOf(low); slot++)
    refuseSpecialOverwrite(walk, frame, slot);
  for (let off = low; off < high + size; off++) {
    const kind = kindAt(walk, frame, off);
    if (!rules.leaks && kind !== abi.BYTE_MISC && kind !== abi.BYTE_ZERO) {
      if (kind === abi.BYTE_INVALID) {
        refuse(
          `uninit stack in range of var-offset write prohibited for !root; insn ${walk.insn}, off: ${off}`,
        );
      }
      refuse(`spilled ptr in range of var-offset stack write; insn ${walk.insn}, ptr off: ${off}`);
    }
    const spilled = memory.slot(frame, slotOf(off));
    if (writesZero && kind === abi.BYTE_SPILL && memory.isZero(spilled)) {
      isZeroUsed = true;
      continue;
    }
    scrubSlot(walk, frame, slotOf(off));
    if (writesZero && kind === abi.BYTE_ZERO) isZeroUsed = true;
    else setKindAt(walk, frame, off, abi.BYTE_MISC);
  }
  if (isZeroUsed && stored.register !== undefined) markPrecise(walk, stored.register);
}

/** An access at one offset: if the instruction had another one before, neither slot is its own. */
function noteFixed(walk: Walk, frame: number, off: number, size: number): void {
  const isOwn = frame === walk.frame;
  const other = walk.facts.stackAt(walk.insn, isOwn ? off : undefined);
  if (other !== undefined) lend(walk, walk.frame, other, other + size);
  if (!isOwn || walk.facts.stackVaries(walk.insn)) lend(walk, frame, off, off + size);
}

export function storeStack(walk: Walk, register: number, off: number, size: number, stored: Stored): void {
  const range = checkStackBounds(walk, register, off, size, true);
  const r = walk.reg(register);
  const frame = frameOf(walk, r);
  if (walk.memory.isConst(r)) {
    noteFixed(walk, frame, range.low, size);
    storeFixed(walk, frame, range.low, size, stored);
    return;
  }
  refuseVariable(walk, register, r);
  const other = walk.facts.stackAt(walk.insn, undefined);
  if (other !== undefined) lend(walk, walk.frame, other, other + size);
  lend(walk, frame, range.low, range.high + size);
  storeVariable(walk, frame, range, size, stored);
}

function refuseVariable(walk: Walk, register: number, r: number): void {
  if (walk.rules.leaks) return;
  refuse(`R${register} variable offset stack access prohibited for !root, var_off=${tnumText(walk, r)}`);
}

// ---- loads ---------------------------------------------------------------------------------------------------

function refuseUninitialised(off: number, at: number, size: number): never {
  refuse(`invalid read from stack off ${off}+${at} size ${size}`, {
    hint: 'write these bytes of the stack on every path before they are read',
  });
}

/** Kinds of the bytes of an access inside one slot; refuses those that were never written. */
function countKinds(walk: Walk, frame: number, off: number, size: number): { spills: number; zeros: number } {
  let spills = 0;
  let zeros = 0;
  for (let i = 0; i < size; i++) {
    const kind = kindAt(walk, frame, off + i);
    if (kind === abi.BYTE_SPILL) spills += 1;
    else if (kind === abi.BYTE_ZERO) zeros += 1;
    else if (kind !== abi.BYTE_MISC && !(kind === abi.BYTE_INVALID && walk.rules.leaks)) {
      refuseUninitialised(off, i, size);
    }
  }
  return { spills, zeros };
}

function spillSize(walk: Walk, frame: number, slot: number): number {
  const at = walk.memory.slotBytes(frame, slot);
  let size = 1;
  while (size < BYTES && walk.memory.bytes[at + size] === abi.BYTE_SPILL) size += 1;
  return size;
}

function fillWhole(walk: Walk, frame: number, slot: number, dst: number | undefined): void {
  const { memory, ops } = walk;
  const spilled = memory.slot(frame, slot);
  markRead(walk, frame, slot);
  noteAccess(walk, frame, slot);
  if (dst !== undefined) {
    if (walk.rules.capable) linkBeforeCopy(walk, spilled);
    ops.copyRegister(walk.reg(dst), spilled);
  } else if (walk.isSecret(spilled)) {
    refuse(`leaking pointer from stack off ${-(slot + 1) * BYTES}`);
  }
}

/** A load of less than was spilled, or of more. */
function fillPart(walk: Walk, frame: number, off: number, size: number, dst: number | undefined): void {
  const { memory, ops } = walk;
  const slot = slotOf(off);
  const spilled = memory.slot(frame, slot);
  const whole = spillSize(walk, frame, slot);
  if (memory.kind(spilled) !== abi.KIND_SCALAR) {
    refuse('invalid size of register fill', { hint: 'a spilled pointer is loaded whole, 8 bytes' });
  }
  markRead(walk, frame, slot);
  if (dst === undefined) return;
  const to = walk.reg(dst);
  if (size <= whole && byteOf(off) === 0) {
    if (walk.rules.capable && size === 4 && whole === 4 && ops.widthOf(spilled) <= 32)
      linkBeforeCopy(walk, spilled);
    ops.copyRegister(to, spilled);
    if (ops.widthOf(spilled) > 8 * size) unlink(walk, to);
    noteAccess(walk, frame, slot);
    return;
  }
  const { spills, zeros } = countKinds(walk, frame, off, size);
  if (spills === size && memory.isZero(spilled)) {
    memory.setConstant(to, 0n);
    noteAccess(walk, frame, slot);
  } else if (zeros === size) setZero(walk, to, frame, off, off + size);
  else walk.setUnknown(to);
}

function loadFixed(walk: Walk, frame: number, off: number, size: number, dst: number | undefined): void {
  const slot = slotOf(off);
  if (isSpill(walk, frame, slot)) {
    const isWhole = size === BYTES && spillSize(walk, frame, slot) === BYTES;
    if (isWhole) fillWhole(walk, frame, slot, dst);
    else fillPart(walk, frame, off, size, dst);
    return;
  }
  const { zeros, spills } = countKinds(walk, frame, off, size);
  if (spills > 0) refuseUninitialised(off, 0, size);
  markRead(walk, frame, slot);
  if (dst === undefined) return;
  if (zeros === size) setZero(walk, walk.reg(dst), frame, off, off + size);
  else walk.setUnknown(walk.reg(dst));
}

/** Whether every byte of the range is known to be zero. */
function isAllZero(walk: Walk, frame: number, low: number, end: number): boolean {
  for (let off = low; off < end; off++) {
    if (kindAt(walk, frame, off) !== abi.BYTE_ZERO) return false;
  }
  return true;
}

export function loadStack(
  walk: Walk,
  register: number,
  off: number,
  size: number,
  dst: number | undefined,
): void {
  const r = walk.reg(register);
  const frame = frameOf(walk, r);
  const range = checkStackBounds(walk, register, off, size, false);
  if (walk.memory.isConst(r)) {
    noteFixed(walk, frame, range.low, size);
    loadFixed(walk, frame, range.low, size, dst);
    return;
  }
  if (dst === undefined) {
    const place = `var_off=${tnumText(walk, r)} off=${off} size=${size}`;
    refuse(`variable offset stack pointer cannot be passed into helper functions; ${place}`);
  }
  refuseVariable(walk, register, r);
  const other = walk.facts.stackAt(walk.insn, undefined);
  if (other !== undefined) lend(walk, walk.frame, other, other + size);
  lend(walk, frame, range.low, range.high + size);
  readRange(walk, register, frame, range, size, false);
  const end = range.high + size;
  if (isAllZero(walk, frame, range.low, end)) setZero(walk, walk.reg(dst), frame, range.low, end);
  else walk.setUnknown(walk.reg(dst));
}

/**
 * Bytes that a helper (or a load somewhere among them) reads; what it may also write is of any value afterwards
 * (check_stack_range_initialized).
 */
export function readRange(
  walk: Walk,
  register: number,
  frame: number,
  { low, high }: StackRange,
  size: number,
  isClobbered: boolean,
): void {
  const { memory, rules } = walk;
  for (let off = low; off < high + size; off++) {
    const slot = slotOf(off);
    const kind = kindAt(walk, frame, off);
    const isEmpty = kind === abi.BYTE_ZERO || (kind === abi.BYTE_INVALID && rules.leaks);
    if (isEmpty) {
      if (isClobbered) setKindAt(walk, frame, off, abi.BYTE_MISC);
    } else if (kind !== abi.BYTE_MISC) {
      const spilled = memory.slot(frame, slot);
      const mayRead = kind === abi.BYTE_SPILL && (memory.kind(spilled) === abi.KIND_SCALAR || rules.leaks);
      if (!mayRead) refuseRange(walk, register, { low, high }, off, size);
      if (isClobbered) scrubSlot(walk, frame, slot);
    }
    if (byteOf(off) === 0 || off === low) markRead(walk, frame, slot);
  }
}

function refuseRange(
  walk: Walk,
  register: number,
  { low, high }: StackRange,
  off: number,
  size: number,
): never {
  const hint = 'write these bytes of the stack on every path before the call';
  if (low === high)
    refuse(`invalid read from stack R${register} off ${low}+${off - low} size ${size}`, { hint });
  const place = `var_off ${tnumText(walk, walk.reg(register))}+${off - low}`;
  refuse(`invalid read from stack R${register} ${place} size ${size}`, { hint });
}

/** A helper fills the bytes without having read them. */
export function fillRange(walk: Walk, frame: number, low: number, size: number): void {
  for (let off = low; off < low + size; off++) {
    const slot = slotOf(off);
    const isPointer =
      isSpill(walk, frame, slot) && walk.memory.kind(walk.memory.slot(frame, slot)) !== abi.KIND_SCALAR;
    if (isPointer && !walk.rules.leaks) refuse('attempt to corrupt spilled pointer on stack');
    scrubSlot(walk, frame, slot);
    setKindAt(walk, frame, off, abi.BYTE_MISC);
    if (byteOf(off) === 0 && off + BYTES <= low + size) walk.ops.markSlotWritten(frame, slotOf(off));
  }
}

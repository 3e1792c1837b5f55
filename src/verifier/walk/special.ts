/** Objects that live in the stack: dynptrs, iterators, saved interrupt flags. */
import * as abi from '../../abi/state.ts';
import { refuse } from './refusal.ts';
import type { Walk } from './walk.ts';

export const DYNPTR_SLOTS = 2;

/** What a dynptr leads to, as REG_AUX of its slots. */
export const DYNPTR_LOCAL = 1;
export const DYNPTR_RINGBUF = 2;
export const DYNPTR_SKB = 3;
export const DYNPTR_XDP = 4;

export const DYNPTR_NAMES: readonly string[] = ['unknown', 'local', 'ringbuf', 'skb', 'xdp'];

export const isReferenced = (kind: number): boolean => kind === DYNPTR_RINGBUF;

export const kindOfSlot = (walk: Walk, frame: number, slot: number): number =>
  walk.memory.bytes[walk.memory.slotBytes(frame, slot)] as number;

export function setSlotKind(walk: Walk, frame: number, slot: number, kind: number): void {
  const at = walk.memory.slotBytes(frame, slot);
  walk.memory.bytes.fill(kind, at, at + 8);
}

/** Slot of a dynptr's lowest bytes, given any of its two. */
const firstSlotOf = (walk: Walk, frame: number, slot: number): number =>
  walk.memory.aux2(walk.memory.slot(frame, slot)) === 1 ? slot : slot + 1;

/** Nothing is left of the dynptr in these slots but bytes; what it lent is lost. */
export function destroyDynptr(walk: Walk, frame: number, first: number): void {
  const { memory, ops } = walk;
  const id = memory.id(memory.slot(frame, first));
  for (const slot of [first, first - 1]) {
    setSlotKind(walk, frame, slot, abi.BYTE_INVALID);
    ops.setNone(memory.slot(frame, slot));
    ops.markSlotWritten(frame, slot);
  }
  ops.forgetSlices(id, walk.rules.leaks ? 1 : 0);
}

/** A store into a dynptr destroys it, unless it holds a reference (destroy_if_dynptr_stack_slot). */
export function refuseSpecialOverwrite(walk: Walk, frame: number, slot: number): void {
  if (kindOfSlot(walk, frame, slot) !== abi.BYTE_DYNPTR) return;
  const first = firstSlotOf(walk, frame, slot);
  if (isReferenced(walk.memory.aux(walk.memory.slot(frame, first)))) {
    refuse('cannot overwrite referenced dynptr', { hint: 'submit or discard it first' });
  }
  destroyDynptr(walk, frame, first);
}

/** Dynptrs: two stack slots that helpers make, use and release (process_dynptr_func of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { checkStackBounds, lend, slotOf } from '../memory/stack.ts';
import { refuse } from '../refusal.ts';
import {
  DYNPTR_NAMES,
  DYNPTR_SLOTS,
  destroyDynptr,
  isReferenced,
  kindOfSlot,
  refuseSpecialOverwrite,
  setSlotKind,
} from '../special.ts';
import type { Walk } from '../walk.ts';
import { acquire, forget } from './references.ts';

export interface StackObject {
  readonly frame: number;
  /** Slot of the lowest bytes. */
  readonly slot: number;
}

/** The slots an object on the stack takes; undefined where they are not all in the frame. */
export function stackObject(
  walk: Walk,
  register: number,
  what: string,
  slots: number,
): StackObject | undefined {
  const { memory } = walk;
  const r = walk.reg(register);
  if (!memory.isConst(r)) refuse(`${what} has to be at a constant offset`);
  const off = memory.off(r) + memory.constant(r);
  const slot = slotOf(off);
  if (off % 8 !== 0 || slot + 1 < slots) refuse(`cannot pass in ${what} at an offset=${off}`);
  return slot < memory.slotCount(memory.aux(r)) ? { frame: memory.aux(r), slot } : undefined;
}

/** Makes room for an object, whose bytes are free to become it. */
export function claim(walk: Walk, register: number, what: string, slots: number): StackObject {
  const { memory } = walk;
  const r = walk.reg(register);
  const off = memory.off(r) + memory.constant(r);
  stackObject(walk, register, what, slots);
  checkStackBounds(walk, register, memory.off(r), slots * 8, true);
  lend(walk, memory.aux(r), off, off + slots * 8);
  return { frame: memory.aux(r), slot: slotOf(off) };
}

function isDynptr(walk: Walk, { frame, slot }: StackObject): boolean {
  const { memory } = walk;
  return (
    kindOfSlot(walk, frame, slot) === abi.BYTE_DYNPTR &&
    kindOfSlot(walk, frame, slot - 1) === abi.BYTE_DYNPTR &&
    memory.aux2(memory.slot(frame, slot)) === 1
  );
}

/** Two slots become a dynptr; a referenced one is held from now on. */
export function makeDynptr(walk: Walk, register: number, kind: number, reference?: number): void {
  const { memory, ops } = walk;
  const { frame, slot } = claim(walk, register, 'dynptr', DYNPTR_SLOTS);
  for (const one of [slot, slot - 1]) refuseSpecialOverwrite(walk, frame, one);
  const id = walk.newId();
  const held = isReferenced(kind) ? (reference ?? acquire(walk)) : 0;
  for (const one of [slot, slot - 1]) {
    setSlotKind(walk, frame, one, abi.BYTE_DYNPTR);
    const r = memory.slot(frame, one);
    memory.setPointer(r, abi.KIND_DYNPTR, kind, one === slot ? 1 : 0);
    memory.setId(r, id);
    memory.setRef(r, held);
    ops.markSlotWritten(frame, one);
  }
}

export function checkUninitialised(walk: Walk, register: number): void {
  const object = walk.memory.type(walk.reg(register)) === abi.KIND_STACK;
  if (!object) refuse(`arg#${register - 1} expected pointer to stack`);
  const found = stackObject(walk, register, 'dynptr', DYNPTR_SLOTS);
  if (found === undefined) return;
  for (const slot of [found.slot, found.slot - 1]) {
    if (kindOfSlot(walk, found.frame, slot) !== abi.BYTE_DYNPTR) continue;
    const r = walk.memory.slot(found.frame, slot);
    if (isReferenced(walk.memory.aux(r))) refuse(`Dynptr has to be an uninitialized dynptr`);
  }
}

/** What a dynptr argument leads to: kind, id, reference. */
export interface Dynptr {
  readonly kind: number;
  readonly id: number;
  readonly reference: number;
  /** On the stack; undefined for one that the kernel has handed to a callback. */
  readonly object: StackObject | undefined;
}

/** The dynptr a register points to; refuses what is none, or not of the wanted kind. */
export function useDynptr(walk: Walk, register: number, wanted: number | undefined): Dynptr {
  const { memory } = walk;
  const r = walk.reg(register);
  if (memory.kind(r) === abi.KIND_DYNPTR) {
    return { kind: memory.aux(r), id: memory.id(r), reference: memory.ref(r), object: undefined };
  }
  const object = stackObject(walk, register, 'dynptr', DYNPTR_SLOTS);
  if (object === undefined || !isDynptr(walk, object)) {
    refuse(`Expected an initialized dynptr as arg #${register - 1}`, {
      hint: 'make the dynptr first (bpf_dynptr_from_mem, bpf_ringbuf_reserve_dynptr, …)',
    });
  }
  const first = memory.slot(object.frame, object.slot);
  const kind = memory.aux(first);
  if (wanted !== undefined && kind !== wanted) {
    refuse(`Expected a dynptr of type ${DYNPTR_NAMES[wanted]} as arg #${register - 1}`);
  }
  for (const slot of [object.slot, object.slot - 1]) {
    walk.ops.markSlotRead(walk.parent?.address ?? 0, object.frame, slot);
  }
  return { kind, id: memory.id(first), reference: memory.ref(first), object };
}

/** Reference of the dynptr that a register points to; 0 where there is none. */
export function dynptrReference(walk: Walk, register: number): number {
  const object = stackObject(walk, register, 'dynptr', DYNPTR_SLOTS);
  if (object === undefined || !isDynptr(walk, object)) return 0;
  return walk.memory.ref(walk.memory.slot(object.frame, object.slot));
}

/** Gives a referenced dynptr back: it and its copies are gone. */
export function releaseDynptr(walk: Walk, register: number): void {
  const { memory } = walk;
  const { reference, object } = useDynptr(walk, register, undefined);
  if (object === undefined) return;
  if (reference === 0) {
    destroyDynptr(walk, object.frame, object.slot);
    return;
  }
  forget(walk, reference);
  for (let frame = 0; frame < walk.frames.length; frame++) {
    for (let slot = 0; slot < memory.slotCount(frame); slot++) {
      const isCopy =
        kindOfSlot(walk, frame, slot) === abi.BYTE_DYNPTR &&
        memory.aux2(memory.slot(frame, slot)) === 1 &&
        memory.ref(memory.slot(frame, slot)) === reference;
      if (isCopy) destroyDynptr(walk, frame, slot);
    }
  }
  walk.ops.forgetReference(reference, walk.rules.leaks ? 1 : 0);
}

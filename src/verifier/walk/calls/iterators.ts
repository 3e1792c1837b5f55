/** Iterators in the stack (process_iter_* of kernel/bpf/verifier.c). */
import * as abi from '../../../abi/state.ts';
import { slotOf } from '../memory/stack.ts';
import { pushChanged } from '../paths/pending.ts';
import { refuse } from '../refusal.ts';
import { kindOfSlot, refuseSpecialOverwrite, setSlotKind } from '../special.ts';
import type { Checkpoint } from '../state.ts';
import type { Walk } from '../walk.ts';
import { claim, type StackObject, stackObject } from './dynptrs.ts';
import { acquire, forget } from './references.ts';

const ACTIVE = 1;
const DRAINED = 2;

/** REG_AUX of an iterator's first slot: its state, and the number of its kind's name above. */
const stateOf = (aux: number): number => aux & 0xff;
const kindNumber = (walk: Walk, of: string): number => walk.names.number(`iter_${of}`);

function slotsOf({ slot }: StackObject, count: number): number[] {
  return Array.from({ length: count }, (_, i) => slot - i);
}

/** The iterator that a call takes. */
export interface IteratorArgument {
  readonly register: number;
  /** `num`, `task`, … */
  readonly of: string;
  /** Slots of stack it takes. */
  readonly slots: number;
}

export function makeIterator(
  walk: Walk,
  { register, of, slots }: IteratorArgument,
  { isRcu }: { readonly isRcu: boolean },
): void {
  const { memory, ops } = walk;
  const before = stackObject(walk, register, 'iter', slots);
  if (before !== undefined) {
    const isUsed = slotsOf(before, slots).some(
      (slot) => kindOfSlot(walk, before.frame, slot) === abi.BYTE_ITER,
    );
    if (isUsed) refuse(`expected uninitialized iter_${of} as arg #${register - 1}`);
  }
  const object = claim(walk, register, 'iter', slots);
  const id = acquire(walk);
  slotsOf(object, slots).forEach((slot, index) => {
    refuseSpecialOverwrite(walk, object.frame, slot);
    const r = memory.slot(object.frame, slot);
    memory.setPointer(
      r,
      abi.KIND_STACK | (isRcu ? abi.FLAG_RCU : 0),
      ACTIVE | (kindNumber(walk, of) << 8),
      0,
    );
    memory.setRef(r, index === 0 ? id : 0);
    setSlotKind(walk, object.frame, slot, abi.BYTE_ITER);
    ops.markSlotWritten(object.frame, slot);
  });
}

/** The iterator that a register points to. */
function useIterator(walk: Walk, { register, of, slots }: IteratorArgument): StackObject {
  const { memory } = walk;
  const object = stackObject(walk, register, 'iter', slots);
  const isOne = (found: StackObject): boolean =>
    slotsOf(found, slots).every(
      (slot, index) =>
        kindOfSlot(walk, found.frame, slot) === abi.BYTE_ITER &&
        memory.aux(memory.slot(found.frame, slot)) >> 8 === kindNumber(walk, of) &&
        (memory.ref(memory.slot(found.frame, slot)) !== 0) === (index === 0),
    );
  if (object === undefined || !isOne(object)) {
    refuse(`expected an initialized iter_${of} as arg #${register - 1}`, {
      hint: `begin with bpf_iter_${of}_new()`,
    });
  }
  for (const slot of slotsOf(object, slots))
    walk.ops.markSlotRead(walk.parent?.address ?? 0, object.frame, slot);
  return object;
}

/** Refuses an iterator whose RCU section was left; `by` is the kernel function that is to use it. */
export function iteratorReference(walk: Walk, iterator: IteratorArgument, by: string): number {
  const { memory } = walk;
  const { frame, slot } = useIterator(walk, iterator);
  const r = memory.slot(frame, slot);
  if ((memory.type(r) & abi.FLAG_UNTRUSTED) !== 0) {
    refuse(`expected an RCU CS when using ${by}`, {
      hint: 'the RCU section it began in was left: end it before, or begin anew',
    });
  }
  return memory.ref(r);
}

export function destroyIterator(walk: Walk, iterator: IteratorArgument): void {
  const { memory, ops } = walk;
  const object = useIterator(walk, iterator);
  const id = memory.ref(memory.slot(object.frame, object.slot));
  forget(walk, id);
  ops.forgetReference(id, walk.rules.leaks ? 1 : 0);
  for (const slot of slotsOf(object, iterator.slots)) {
    ops.setNone(memory.slot(object.frame, slot));
    setSlotKind(walk, object.frame, slot, abi.BYTE_INVALID);
    ops.markSlotWritten(object.frame, slot);
  }
}

/** Slot of the iterator that r1 points to. */
function iteratorSlot(walk: Walk, r: number): StackObject {
  const { memory } = walk;
  return { frame: memory.aux(r), slot: slotOf(memory.off(r) + memory.constant(r)) };
}

/** Whether the iterator that the call at hand asks for its next element has not come to its end. */
export function isActiveIteration(walk: Walk): boolean {
  const { memory } = walk;
  const r1 = walk.reg(1);
  if (memory.kind(r1) !== abi.KIND_STACK) return false;
  const { frame, slot } = iteratorSlot(walk, r1);
  return (
    kindOfSlot(walk, frame, slot) === abi.BYTE_ITER &&
    stateOf(memory.aux(memory.slot(frame, slot))) === ACTIVE
  );
}

/**
 * Two paths: without an element (walked first), and with one, in a state in which what changes from round to round
 * is unknown. r0 holds the element already, as a pointer that may be NULL.
 *
 * @param before the state of the round before, where it was kept
 */
export function iterate(walk: Walk, { frame, slot }: StackObject, before: Checkpoint | undefined): void {
  const { memory, ops } = walk;
  const r = memory.slot(frame, slot);
  const aux = memory.aux(r);
  if (stateOf(aux) === ACTIVE) {
    pushChanged(walk, walk.insn + 1, () => {
      memory.setAux2(r, memory.aux2(r) + 1);
      if (before !== undefined) ops.widenFrom(before.address);
      const r0 = walk.reg(0);
      memory.setType(r0, memory.type(r0) & ~abi.FLAG_NULL);
      memory.setId(r0, 0);
    });
  }
  memory.setAux(r, (aux & ~0xff) | DRAINED);
  memory.setConstant(walk.reg(0), 0n);
}

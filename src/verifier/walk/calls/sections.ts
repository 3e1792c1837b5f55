/** Sections a program enters and leaves: RCU, no preemption, no interrupts. */
import * as abi from '../../../abi/state.ts';
import { checkStackBounds, lend } from '../memory/stack.ts';
import { refuse } from '../refusal.ts';
import { kindOfSlot, setSlotKind } from '../special.ts';
import type { Walk } from '../walk.ts';
import { stackObject } from './dynptrs.ts';
import { acquire, heldFlags } from './references.ts';

/** Pointers and iterators that RCU protected may lead nowhere once the section is left. */
function distrustRcu(walk: Walk): void {
  const { memory } = walk;
  const visit = (r: number): void => {
    const type = memory.type(r);
    if ((type & abi.FLAG_RCU) === 0) return;
    memory.setType(r, (type & ~(abi.FLAG_RCU | abi.FLAG_NULL)) | abi.FLAG_UNTRUSTED);
  };
  for (let frame = 0; frame < walk.frames.length; frame++) {
    for (let register = 0; register < 10; register++) visit(memory.register(frame, register));
    for (let slot = 0; slot < memory.slotCount(frame); slot++) {
      const kind = kindOfSlot(walk, frame, slot);
      if (kind === abi.BYTE_SPILL || kind === abi.BYTE_ITER) visit(memory.slot(frame, slot));
    }
  }
}

export function lockRcu(walk: Walk, name: string): void {
  if (walk.holdings.rcu > 0) refuse(`nested rcu read lock (kernel function ${name})`);
  walk.holdings = { ...walk.holdings, rcu: walk.holdings.rcu + 1 };
}

export function unlockRcu(walk: Walk, name: string): void {
  const { rcu } = walk.holdings;
  if (rcu === 0) refuse(`unmatched rcu read unlock (kernel function ${name})`);
  walk.holdings = { ...walk.holdings, rcu: rcu - 1 };
  if (rcu === 1) distrustRcu(walk);
}

export function disablePreemption(walk: Walk): void {
  walk.holdings = { ...walk.holdings, preempt: walk.holdings.preempt + 1 };
}

export function enablePreemption(walk: Walk, name: string): void {
  const { preempt } = walk.holdings;
  if (preempt === 0) refuse(`unmatched attempt to enable preemption (kernel function ${name})`);
  walk.holdings = { ...walk.holdings, preempt: preempt - 1 };
}

/** The slot of interrupt flags that r1 points to. */
const flagsSlot = (walk: Walk, register: number) => stackObject(walk, register, 'irq_flag', 1);

export function saveFlags(walk: Walk, register: number): void {
  const { memory, ops } = walk;
  const found = flagsSlot(walk, register);
  if (found !== undefined && kindOfSlot(walk, found.frame, found.slot) === abi.BYTE_IRQ) {
    refuse(`expected uninitialized irq flag as arg#${register - 1}`);
  }
  const r = walk.reg(register);
  const { low } = checkStackBounds(walk, register, memory.off(r), 8, true);
  const object = flagsSlot(walk, register) ?? refuse(`cannot pass in irq_flag at an offset=${low}`);
  lend(walk, object.frame, low, low + 8);
  const slot = memory.slot(object.frame, object.slot);
  memory.setPointer(slot, abi.KIND_STACK);
  memory.setRef(slot, acquire(walk, 'irq'));
  setSlotKind(walk, object.frame, object.slot, abi.BYTE_IRQ);
  ops.markSlotWritten(object.frame, object.slot);
}

export function restoreFlags(walk: Walk, register: number): void {
  const { memory, ops } = walk;
  const object = flagsSlot(walk, register);
  if (object === undefined || kindOfSlot(walk, object.frame, object.slot) !== abi.BYTE_IRQ) {
    refuse(`expected an initialized irq flag as arg#${register - 1}`);
  }
  const slot = memory.slot(object.frame, object.slot);
  const id = memory.ref(slot);
  const held = heldFlags(walk);
  if (held?.id !== id) {
    const first = walk.holdings.references.find((one) => one.id === held?.id);
    refuse(
      `cannot restore irq state out of order, expected id=${held?.id ?? 0} acquired at insn_idx=${first?.insn ?? 0}`,
    );
  }
  walk.holdings = {
    ...walk.holdings,
    references: walk.holdings.references.filter((one) => one.id !== id),
  };
  ops.setNone(slot);
  setSlotKind(walk, object.frame, object.slot, abi.BYTE_INVALID);
  ops.markSlotWritten(object.frame, object.slot);
}

import { endsFlow, jumpTarget } from '../../src/isa/cfg.ts';
import { type Insn, slotsOf } from '../../src/isa/insn.ts';
import { subprogramReference } from '../../src/isa/subprograms.ts';

/**
 * A program whose jumps, local calls and function addresses name items, not offsets, so that instructions can
 * be inserted and deleted.
 */
export interface Item {
  readonly insn: Insn;
  /** Index of the item it jumps to, calls or takes the address of. */
  readonly target?: number | undefined;
}

/** Slot that the instruction at `slot` jumps to, calls or takes the address of, or undefined. */
function targetSlot(insn: Insn, slot: number): number | undefined {
  return jumpTarget(insn, slot) ?? subprogramReference(insn, slot)?.target;
}

/** The same instruction with another target. */
export function withTarget(insn: Insn, offset: number): Insn {
  switch (insn.kind) {
    case 'ja':
    case 'jump':
    case 'mayGoto':
      return { ...insn, off: offset };
    case 'call':
      return { ...insn, imm: offset };
    case 'lddw':
      return { ...insn, lo: offset };
    default:
      return insn;
  }
}

/** Slot of each item, and the slot after the last. */
function slots(items: readonly Item[]): number[] {
  const starts = [0];
  for (const { insn } of items) starts.push((starts.at(-1) ?? 0) + slotsOf(insn));
  return starts;
}

/** Instructions with offsets in place, in order (without holes for the second slots of lddw). */
export function resolve(items: readonly Item[]): Insn[] {
  const starts = slots(items);
  return items.map(({ insn, target }, index) => {
    const to = target === undefined ? undefined : starts[target];
    return to === undefined ? insn : withTarget(insn, to - (starts[index] ?? 0) - 1);
  });
}

/** Items of decoded instructions (by slot: holes are the second slots of lddw). */
export function listingOf(bySlot: readonly (Insn | undefined)[]): Item[] {
  const indexOfSlot = new Map<number, number>();
  const found: [number, Insn][] = [];
  for (const [slot, insn] of bySlot.entries()) {
    if (insn === undefined) continue;
    indexOfSlot.set(slot, found.length);
    found.push([slot, insn]);
  }
  return found.map(([slot, insn]) => {
    const target = targetSlot(insn, slot);
    return { insn, target: target === undefined ? undefined : indexOfSlot.get(target) };
  });
}

/** Without items [from, to): what aimed at them aims at what follows. */
export function without(items: readonly Item[], from: number, to: number): Item[] {
  const moved = (target: number): number => {
    if (target < from) return target;
    return target < to ? from : target - (to - from);
  };
  const kept = [...items.slice(0, from), ...items.slice(to)];
  return kept.map(({ insn, target }) => ({
    insn,
    target: target === undefined ? undefined : moved(target),
  }));
}

/** Without what no path reaches, over jumps, calls and function addresses. */
export function withoutUnreachable(items: readonly Item[]): Item[] {
  const reached = new Set<number>();
  const pending = [0];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const item = items[index];
    if (item === undefined || reached.has(index)) continue;
    reached.add(index);
    if (item.target !== undefined) pending.push(item.target);
    if (!endsFlow(item.insn)) pending.push(index + 1);
  }
  let kept = [...items];
  for (let index = items.length - 1; index >= 0; index--)
    if (!reached.has(index)) kept = without(kept, index, index + 1);
  return kept;
}

/** Things that must be given back: records, sockets, locks, saved interrupt flags. */
import { refuse } from '../refusal.ts';
import type { Reference } from '../state.ts';
import type { Walk } from '../walk.ts';

/** A new reference, held from now on; its id. */
export function acquire(
  walk: Walk,
  kind: Reference['kind'] = 'pointer',
  owner = 0,
  id = walk.newId(),
): number {
  const { holdings } = walk;
  const reference = { id, insn: walk.insn, kind, owner };
  walk.holdings = { ...holdings, references: [...holdings.references, reference] };
  return id;
}

export const isHeld = (walk: Walk, id: number): boolean =>
  walk.holdings.references.some((held) => held.id === id && held.kind === 'pointer');

/** Gives a reference up; its pointers are of no use any more. False when it is not held. */
export function releaseReference(walk: Walk, id: number): boolean {
  if (!isHeld(walk, id)) return false;
  forget(walk, id);
  walk.ops.forgetReference(id, walk.rules.leaks ? 1 : 0);
  return true;
}

/** The reference is no longer held, whatever its pointers. */
export function forget(walk: Walk, id: number): void {
  const { holdings } = walk;
  walk.holdings = { ...holdings, references: holdings.references.filter((held) => held.id !== id) };
}

export const heldLock = (walk: Walk): Reference | undefined =>
  walk.holdings.references.findLast(({ kind }) => kind === 'lock');

export const heldFlags = (walk: Walk): Reference | undefined =>
  walk.holdings.references.findLast(({ kind }) => kind === 'irq');

/** What must not be left behind where the program (or a function of its) ends (check_resource_leak). */
export function checkLeaks(walk: Walk, what: string, withLocks: boolean, isThrow = false): void {
  const inside = (region: string): never =>
    refuse(`${what} cannot be used inside ${region}-ed region`, { hint: `leave the ${region} region first` });
  if (withLocks && heldLock(walk) !== undefined) inside('bpf_spin_lock');
  if (isThrow || walk.frame === 0) {
    const leaked = walk.holdings.references.find(({ kind }) => kind === 'pointer');
    if (leaked !== undefined) {
      refuse(
        `Unreleased reference id=${leaked.id} alloc_insn=${leaked.insn}\n${what} would lead to reference leak`,
        {
          hint: `give back on every path what the call at insn ${leaked.insn} handed out`,
        },
      );
    }
  }
  if (!withLocks) return;
  if (heldFlags(walk) !== undefined) inside('bpf_local_irq_save');
  if (walk.holdings.rcu > 0) inside('bpf_rcu_read_lock');
  if (walk.holdings.preempt > 0) inside('bpf_preempt_disable');
}

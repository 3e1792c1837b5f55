/** Spin locks in map values, one at a time (process_spin_lock of kernel/bpf/verifier.c). */
import { fieldNamed } from '../fields.ts';
import { refuse } from '../refusal.ts';
import type { Walk } from '../walk.ts';
import { acquire, heldLock } from './references.ts';

/** Refuses a register that does not point to the field of this name in a map's value; the map's index. */
export function checkField(walk: Walk, register: number, name: string): number {
  const { memory } = walk;
  const r = walk.reg(register);
  if (!memory.isConst(r)) {
    refuse(`R${register} doesn't have constant offset. ${name} has to be at the constant offset`);
  }
  const map = memory.aux(r);
  const spec = walk.map(map);
  if (spec.btf === undefined) refuse(`map '${spec.name}' has to have BTF in order to use ${name}`);
  const field = fieldNamed(spec, name);
  if (field === undefined) refuse(`map '${spec.name}' has no valid ${name}`);
  const off = memory.off(r) + memory.constant(r);
  if (off !== field.offset) refuse(`off ${off} doesn't point to 'struct ${name}' that is at ${field.offset}`);
  return map;
}

/** A lock is told by its map and the value's id: of values without one, by the map. */
export function takeLock(walk: Walk, register: number): void {
  const map = checkField(walk, register, 'bpf_spin_lock');
  if (heldLock(walk) !== undefined) {
    refuse('Locking two bpf_spin_locks are not allowed', {
      hint: 'release the first lock before the second',
    });
  }
  acquire(walk, 'lock', map, walk.memory.id(walk.reg(register)));
}

export function releaseLock(walk: Walk, register: number): void {
  const map = checkField(walk, register, 'bpf_spin_lock');
  const held = heldLock(walk);
  if (held === undefined) refuse('bpf_spin_unlock without taking a lock');
  if (held.owner !== map || held.id !== walk.memory.id(walk.reg(register))) {
    refuse('bpf_spin_unlock of different lock', { hint: `the lock taken at insn ${held.insn} is held` });
  }
  const { holdings } = walk;
  walk.holdings = { ...holdings, references: holdings.references.filter((one) => one !== held) };
}

/** No calls but those that cannot wait for anything, while a lock is held. */
export function refuseUnderLock(walk: Walk): void {
  if (heldLock(walk) === undefined) return;
  refuse('function calls are not allowed while holding a lock', {
    hint: 'release the lock before the call',
  });
}

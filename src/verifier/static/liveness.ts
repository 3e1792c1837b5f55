/** Registers that are read after an instruction before they are written: by the code alone. */
import { type Insns, successorsOf } from './flow.ts';
import { type CountArguments, effectOf } from './registers.ts';

/**
 * Masks by slot of the registers that are live before it (compute_live_registers of kernel/bpf/verifier.c).
 *
 * Slots are visited backwards until nothing changes: loops take one round more for each level they are nested.
 */
export function liveRegisters(insns: Insns, count: CountArguments): Uint16Array {
  const live = new Uint16Array(insns.length);
  const effects = insns.map((insn) => (insn === undefined ? undefined : effectOf(insn, count)));
  const next = insns.map((insn, slot) => (insn === undefined ? [] : successorsOf(insn, slot)));
  for (let changed = true; changed; ) {
    changed = false;
    for (let slot = insns.length - 1; slot >= 0; slot--) {
      const effect = effects[slot];
      if (effect === undefined) continue;
      let after = 0;
      for (const successor of next[slot] ?? []) after |= live[successor] ?? 0;
      const before = (after & ~effect.writes) | effect.reads;
      if (before === live[slot]) continue;
      live[slot] = before;
      changed = true;
    }
  }
  return live;
}

/** Registers that are read after an instruction before they are written: by the code alone. */
import { type Insns, successorsOf } from './flow.ts';
import { type CountArguments, effectOf } from './registers.ts';

/**
 * Masks by slot of the registers that are live before it (compute_live_registers of kernel/bpf/verifier.c).
 *
 * `effect` says what instructions read and write, where that is not as in the kernel.
 * Slots are visited backwards until nothing changes: loops take one round more for each level they are nested.
 */
export function liveRegisters(
  insns: Insns,
  count: CountArguments,
  effect: typeof effectOf = effectOf,
): Uint16Array {
  const live = new Uint16Array(insns.length);
  const effects = insns.map((insn) => (insn === undefined ? undefined : effect(insn, count)));
  const next = insns.map((insn, slot) => (insn === undefined ? [] : successorsOf(insn, slot)));
  for (let changed = true; changed; ) {
    changed = false;
    for (let slot = insns.length - 1; slot >= 0; slot--) {
      const own = effects[slot];
      if (own === undefined) continue;
      let after = 0;
      for (const successor of next[slot] ?? []) after |= live[successor] ?? 0;
      const before = (after & ~own.writes) | own.reads;
      if (before === live[slot]) continue;
      live[slot] = before;
      changed = true;
    }
  }
  return live;
}

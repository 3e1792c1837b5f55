/** What of a program can be reached, as far as its proof says. */
import type { CallInsn } from '../isa/insn.ts';
import type { Proof } from './proof.ts';
import type { Structure } from './structure.ts';

export const isDead = ({ facts }: Proof, slot: number): boolean => facts.get(slot)?.dead === true;

/** By number of the helper or kernel function called (imm): the first slot that may be reached and calls it. */
export function liveCalls(
  { decoded }: Pick<Structure, 'decoded'>,
  proof: Proof,
  target: CallInsn['target'],
): ReadonlyMap<number, number> {
  const first = new Map<number, number>();
  decoded.insns.forEach((insn, slot) => {
    if (insn?.kind !== 'call' || insn.target !== target || isDead(proof, slot)) return;
    if (!first.has(insn.imm)) first.set(insn.imm, slot);
  });
  return first;
}

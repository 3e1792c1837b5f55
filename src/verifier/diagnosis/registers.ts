/** The registers that a refusal is about: what they hold, and where it came from. */
import { registerText } from '../log/registers.ts';
import { effectOf } from '../static/registers.ts';
import type { RegisterState } from '../verification.ts';
import type { Scene } from './scene.ts';
import { isKnown, originText } from './values.ts';

const ALL = Array.from({ length: 11 }, (_, register) => register);

/** Those named by the refusal or its reason, or else those that the instruction reads. */
function involved({ walk, refusal, insn, reason }: Scene): readonly number[] {
  if (refusal.registers !== undefined) return refusal.registers;
  if (insn === undefined) return [];
  const { reads } = effectOf(insn, walk.code.countArguments);
  const named = new Set([...reason.matchAll(/\bR(\d+)\b/g)].map(([, register]) => Number(register)));
  // Calls read up to five registers: only those that the reason speaks of are involved.
  const isCall = insn.kind === 'call' && named.size > 0;
  return ALL.filter((register) => (isCall ? named.has(register) : (reads & (1 << register)) !== 0));
}

export function registersOf(scene: Scene): RegisterState[] {
  const { walk } = scene;
  if (walk.frames.length === 0 || scene.slot !== walk.insn) return [];
  return involved(scene).map((register) => {
    const state = registerText(walk, walk.frame, walk.reg(register));
    const origin = scene.origin(register);
    return isKnown(origin) ? { register, state, origin: originText(scene, origin) } : { register, state };
  });
}

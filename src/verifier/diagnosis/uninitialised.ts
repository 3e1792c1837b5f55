/** Registers and variables that are used before they have a value. */
import { calleeName } from './calls.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';

/** `argument 2 of bpf_map_update_elem()`. */
function useOf(scene: Scene, register: number): string {
  const name = calleeName(scene, scene.slot);
  if (name !== '') return `calls ${name}() without a value for argument ${register} (r${register})`;
  if (scene.insn?.kind === 'exit') {
    const frame = scene.walk.frame > 0 ? ` from ${scene.functionName}()` : '';
    return `returns${frame} without a return value (r0)`;
  }
  return `uses r${register}`;
}

function uninitialised(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  const { maker, insn } = scene.origin(register);
  const use = useOf(scene, register);
  if (maker.kind === 'lost') {
    return {
      summary: `${scene.where} ${use}, but the call of ${calleeName(scene, insn)}() at ${scene.at(insn)} has left nothing in it`,
      hint: `calls destroy r1 to r5: keep the value in r6 to r9 or on the stack across the call`,
    };
  }
  const isPlain = use.startsWith('uses');
  const left =
    maker.kind === 'call' ? `what ${calleeName(scene, insn)}() at ${scene.at(insn)} does not return` : '';
  return {
    summary: `${scene.where} ${use}${isPlain ? `, ${left === '' ? 'which nothing was put into on this path' : left}` : ' on this path'}`,
    hint:
      register === 0 && scene.insn?.kind === 'exit'
        ? 'return a value on every path'
        : `give ${isPlain ? `the variable in r${register}` : 'it'} a value on every path that leads here`,
  };
}

export const UNINITIALISED: Explainers = [[/^R(\d+) !read_ok/, uninitialised]];

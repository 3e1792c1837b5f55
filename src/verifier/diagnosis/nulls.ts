/** Pointers that may be NULL. */
import { calleeName, passedText } from './calls.ts';
import { inSource } from './memory.ts';
import type { Diagnosis, Explainers, Scene } from './scene.ts';
import { assignedIn, pointerIn } from './source.ts';
import { isKnown, originText } from './values.ts';

/** The variable that holds what the register holds, by the line that uses it or the one that made it. */
function variableOf(scene: Scene, register: number): string | undefined {
  const { expression } = scene;
  const passed = passedText(scene, register);
  if (passed !== undefined) return /^\w+$/.test(passed) ? passed : undefined;
  if (expression !== undefined) return pointerIn(expression);
  const { insn } = scene.origin(register);
  return insn < 0 ? undefined : assignedIn(scene.source(insn));
}

function hintFor(scene: Scene, register: number): string {
  const name = variableOf(scene, register);
  if (name === undefined)
    return `compare it with NULL first, and leave where it is: \`if (!pointer) return …;\``;
  return `check it first: \`if (!${name}) return …;\``;
}

function what(scene: Scene, register: number): string {
  const origin = scene.origin(register);
  return isKnown(origin) ? originText(scene, origin) : 'a pointer';
}

function dereferenced(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  return {
    summary: `${scene.where} dereferences ${what(scene, register)}${inSource(scene)}, which may be NULL`,
    hint: hintFor(scene, register),
  };
}

function passed(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  return {
    summary: `${scene.where} passes ${what(scene, register)}, which may be NULL, to ${calleeName(scene, scene.slot)}() as argument ${register}`,
    hint: hintFor(scene, register),
  };
}

function trusted(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]) + 1;
  return {
    summary: `${scene.where} passes ${what(scene, register)}, which may be NULL, to ${calleeName(scene, scene.slot)}() as argument ${register}`,
    hint: hintFor(scene, register),
  };
}

function moved(scene: Scene, match: RegExpExecArray): Diagnosis {
  const register = Number(match[1]);
  return {
    summary: `${scene.where} computes an address from ${what(scene, register)}, which may be NULL`,
    hint: hintFor(scene, register),
  };
}

export const NULLS: Explainers = [
  [/^R(\d+) invalid mem access '\S*or_null\S*'/, dereferenced],
  [/^R(\d+) type=\S*or_null\S* expected=/, passed],
  [/^Possibly NULL pointer passed to trusted arg(\d+)/, trusted],
  [/^arg#(\d+) is expected to be non-NULL/, trusted],
  [/^R(\d+) pointer arithmetic on \S*or_null\S* prohibited/, moved],
];

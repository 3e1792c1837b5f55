/** A refusal in terms of the program's source. */
import { sourceAt } from '../frontend/lines.ts';
import type { Program } from '../frontend/program.ts';
import { disassembleLines } from '../isa/disasm.ts';
import { diagnose } from './diagnosis/explainers.ts';
import { type Path, pathOf } from './diagnosis/path.ts';
import { registersOf } from './diagnosis/registers.ts';
import { Scene } from './diagnosis/scene.ts';
import { structureWords } from './diagnosis/structure.ts';
import type { Rejection } from './verification.ts';
import type { Refusal } from './walk/refusal.ts';
import type { Walk } from './walk/walk.ts';

const oneLine = (text: string): string => text.replaceAll('\n', '; ');

/**
 * A part of the diagnosis, or nothing of it: programs and their BTF may be anything, and the reason stands whatever
 * else can be said.
 */
function attempt<T>(part: () => T, otherwise: T): T {
  try {
    return part();
  } catch {
    return otherwise;
  }
}

const NO_PATH: Path = { steps: [], earlier: 0 };

const instructionAt = ({ code, kfuncs }: Program, slot: number): string =>
  attempt(() => disassembleLines(code, { kfuncs }).find(({ insn }) => insn === slot)?.text ?? '', '');

/** Why the walk was given up, with the way to it. */
export function explain(walk: Walk, refusal: Refusal): Rejection {
  const { program } = walk.code;
  const insn = refusal.insn ?? walk.insn;
  const reason = oneLine(refusal.message);
  const scene = new Scene(walk, refusal);
  const words = attempt(() => diagnose(scene), { summary: reason, hint: refusal.hint });
  const { steps, earlier } = attempt(() => pathOf(walk), NO_PATH);
  return {
    reason,
    insn,
    instruction: instructionAt(program, insn),
    source: sourceAt(program.lines, insn),
    summary: oneLine(words.summary),
    hint: oneLine(words.hint ?? ''),
    path: steps,
    earlier,
    registers: attempt(() => registersOf(scene), []),
  };
}

/** The same for what is wrong before any path is walked. */
export function explainStructure(program: Program, reason: string, insn = 0, hint = ''): Rejection {
  const words = attempt(() => structureWords(program, reason, insn, hint), { summary: reason, hint });
  return {
    reason,
    insn,
    instruction: instructionAt(program, insn),
    source: sourceAt(program.lines, insn),
    ...words,
    path: [],
    earlier: 0,
    registers: [],
  };
}

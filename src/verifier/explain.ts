/** A refusal in terms of the program's source. */
import { sourceAt } from '../frontend/lines.ts';
import type { Program } from '../frontend/program.ts';
import { registerText } from './log/registers.ts';
import { effectOf } from './static/registers.ts';
import type { PathStep, RegisterState, Rejection } from './verification.ts';
import type { Refusal } from './walk/refusal.ts';
import type { Walk } from './walk/walk.ts';

/** The conditional jumps on the way to the current instruction. */
function pathTo(walk: Walk): PathStep[] {
  const steps: PathStep[] = [];
  let next = walk.insn;
  for (let node = walk.node; node !== 0; node = walk.trace.previous(node)) {
    const insn = walk.trace.insn(node);
    if (insn !== next && walk.code.insns[insn]?.kind === 'jump') {
      const source = sourceAt(walk.code.program.lines, insn);
      steps.push({ insn, to: next, taken: next !== insn + 1, source });
    }
    next = insn;
  }
  return steps.reverse();
}

function registersOf(walk: Walk, { registers }: Refusal): RegisterState[] {
  const insn = walk.code.insns[walk.insn];
  if (insn === undefined || walk.frames.length === 0) return [];
  const reads =
    registers ??
    [...Array(11).keys()].filter((r) => effectOf(insn, walk.code.countArguments).reads & (1 << r));
  return reads.map((register) => ({ register, state: registerText(walk, walk.frame, walk.reg(register)) }));
}

const oneLine = (reason: string): string => reason.replaceAll('\n', '; ');

/** Why the walk was given up, with the way to it. */
export function explain(walk: Walk, refusal: Refusal): Rejection {
  const insn = refusal.insn ?? walk.insn;
  const source = sourceAt(walk.code.program.lines, insn);
  return {
    reason: oneLine(refusal.message),
    insn,
    source,
    summary: oneLine(refusal.message),
    hint: refusal.hint,
    path: pathTo(walk),
    registers: registersOf(walk, refusal),
  };
}

/** The same for what is wrong before any path is walked. */
export function explainStructure(program: Program, reason: string, insn = 0, hint = ''): Rejection {
  const source = sourceAt(program.lines, insn);
  return { reason, insn, source, summary: reason, hint, path: [], registers: [] };
}

/** How the structural checks say no. */
import { type ErrorCode, WebpfError } from '../errors.ts';
import type { LineInfo, Program } from '../frontend/program.ts';

/** Refuses the program because of the instruction at a slot. */
export function refuse(slot: number, message: string, code: ErrorCode = 'bad-program'): never {
  throw new WebpfError(code, message, { stage: 'verifier', insn: slot });
}

/** The source line of a slot: the last line information at or before it. */
const lineAt = (lines: readonly LineInfo[], slot: number): LineInfo | undefined => {
  let best: LineInfo | undefined;
  for (const line of lines) {
    if (line.insn <= slot && (best === undefined || line.insn >= best.insn)) best = line;
  }
  return best;
};

/** Runs checks of a program; errors that name a slot come out with its source line and the program's name. */
export function locate<T>(program: Program, checks: () => T): T {
  try {
    return checks();
  } catch (error) {
    if (!(error instanceof WebpfError)) throw error;
    const { code, message, stage, insn, errno } = error;
    const source = error.source ?? (insn === undefined ? undefined : lineAt(program.lines, insn));
    const subject = error.subject ?? program.name;
    throw new WebpfError(code, message, { stage, insn, errno, source, subject, cause: error });
  }
}

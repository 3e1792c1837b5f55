import { type ErrorCode, type ErrorDetails, WebpfError } from '../errors.ts';
import { sourceAt } from '../frontend/lines.ts';
import type { Program } from '../frontend/program.ts';

/** Why a program is refused because of one of its instructions. */
export interface Complaint extends Partial<ErrorDetails> {
  readonly code: ErrorCode;
  readonly insn: number;
  /** What the program does there, as the sentence goes on after its name. */
  readonly does: string;
  /** What would be right, as the sentence goes on after the place. */
  readonly right: string;
}

/** Refuses a program, naming it, the instruction and its source line. */
export function refuseAt(program: Program, { code, insn, does, right, ...details }: Complaint): never {
  const { source = sourceAt(program.lines, insn) } = details;
  const text = source?.text.trim() ?? '';
  const place = source ? ` (${source.file}:${source.line}${text === '' ? '' : `: ${text}`})` : '';
  const message = `${program.name} ${does} at instruction ${insn}${place}${right}`;
  throw new WebpfError(code, message, { stage: 'runtime', subject: program.name, ...details, insn, source });
}

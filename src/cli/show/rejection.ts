import type { PathStep, SourceLine } from '../../index.ts';
import type { Io } from '../io.ts';
import { grouped, plural, styled } from '../text.ts';
import type { Judgement } from '../verify/judge.ts';

const STYLES = { accept: 'green', reject: 'red', unsupported: 'yellow' } as const;
const INDENT = ' '.repeat('reject  '.length);
/** Branches of long paths: the last ones lead to the instruction. */
const MOST_STEPS = 12;

const sourceText = ({ file, line, text }: SourceLine): string =>
  text.trim() === '' ? `${file}:${line}` : `${file}:${line}: ${text.trim()}`;

function stepText({ insn, to, taken, source }: PathStep): string {
  const place = source ? sourceText(source) : `instruction ${insn}`;
  return `${place}  ${taken ? 'taken' : 'not taken'}: ${insn} to ${to}`;
}

function pathLines(path: readonly PathStep[]): string[] {
  if (path.length === 0) return [];
  const shown = path.slice(-MOST_STEPS).map((step) => `  ${stepText(step)}`);
  const left = path.length - shown.length;
  return ['path:', ...(left > 0 ? [`  … ${grouped(left)} more before`] : []), ...shown];
}

function* diagnosis(io: Io, judgement: Judgement): Generator<string> {
  const { summary, reason, source, insn, path, registers, hint } = judgement;
  yield styled(io, io.stdout, 'bold', summary);
  if (reason !== summary) yield `the kernel's words: ${reason}`;
  if (source) yield `${sourceText(source)}  (instruction ${insn})`;
  else if (insn !== null) yield `at instruction ${insn}`;
  yield* pathLines(path);
  if (registers.length > 0) {
    yield 'registers:';
    for (const { register, state } of registers) yield `  r${register} = ${state}`;
  }
  if (hint !== '') yield `hint: ${hint}`;
}

const numbers = ({ insnsProcessed, totalStates, ms }: Judgement): string =>
  `${plural(insnsProcessed, 'instruction')} processed, ${plural(totalStates, 'state')}, ${ms} ms`;

/** Prints a verdict for people: one line, and below it why not. */
export function printJudgement(io: Io, judgement: Judgement): void {
  const { verdict, program, type } = judgement;
  const word = styled(io, io.stdout, STYLES[verdict], verdict);
  io.stdout.write(`${word}  ${program} (${type}): ${numbers(judgement)}\n`);
  if (verdict === 'accept') return;
  for (const line of diagnosis(io, judgement)) io.stdout.write(`${INDENT}${line}\n`);
}

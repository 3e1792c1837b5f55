import type { PathStep, RegisterState, SourceLine } from '../../index.ts';
import type { Io } from '../io.ts';
import { grouped, plural, styled } from '../text.ts';
import type { Judgement } from '../verify/judge.ts';

const STYLES = { accept: 'green', reject: 'red', unsupported: 'yellow' } as const;
const INDENT = ' '.repeat('reject  '.length);
/** Branches of long paths: the last ones lead to the instruction. */
const MOST_STEPS = 12;
/** A register that nothing was written to, as the kernel prints it. */
const NOTHING = '?()';

const sourceText = ({ file, line, text }: SourceLine): string =>
  text.trim() === '' ? `${file}:${line}` : `${file}:${line}: ${text.trim()}`;

function wayOf({ insn, to, taken, target, enters }: PathStep): string {
  if (enters !== undefined) return `enters ${enters}()`;
  const goal = target ? `on to line ${target.line}` : `from instruction ${insn} to ${to}`;
  return `${taken ? 'taken' : 'not taken'}, ${goal}`;
}

function stepText(step: PathStep): string {
  const { insn, source, count = 1 } = step;
  const times = count > 1 ? `, ${count} times` : '';
  return `${source ? sourceText(source) : `instruction ${insn}`}  [${wayOf(step)}${times}]`;
}

function* pathLines({ path, earlier }: Judgement): Generator<string> {
  if (path.length === 0) return;
  yield 'path:';
  const shown = path.slice(-MOST_STEPS);
  const left = earlier + path.length - shown.length;
  if (left > 0) yield `  … ${grouped(left)} before`;
  for (const step of shown) yield `  ${stepText(step)}`;
}

const registerText = ({ register, state, origin }: RegisterState): string =>
  `  r${register} = ${state}${origin === undefined ? '' : `  ${origin}`}`;

function* registerLines({ registers, verdict }: Judgement): Generator<string> {
  // What webpf does not know reads all registers, to be safe.
  const shown = registers.filter(({ state }) => verdict === 'reject' || state !== NOTHING);
  if (shown.length > 0) yield 'registers:';
  for (const one of shown) yield registerText(one);
}

function placeText({ source, insn, instruction }: Judgement): string | undefined {
  if (insn === null || (source === null && instruction === '')) return undefined;
  const at = `instruction ${insn}${instruction === '' ? '' : `: ${instruction}`}`;
  return source ? `${sourceText(source)}  (${at})` : at;
}

function* diagnosis(io: Io, judgement: Judgement): Generator<string> {
  const { summary, reason, hint } = judgement;
  yield styled(io, io.stdout, 'bold', summary);
  const place = placeText(judgement);
  if (place !== undefined) yield place;
  if (!summary.includes(reason)) yield `in the kernel's words: ${reason}`;
  yield* pathLines(judgement);
  yield* registerLines(judgement);
  if (hint !== '') yield `hint: ${hint}`;
}

const milliseconds = (ms: number): string => `${ms >= 100 ? grouped(Math.round(ms)) : ms.toPrecision(3)} ms`;

const numbers = ({ type, insnsProcessed, totalStates, ms }: Judgement): string =>
  type === 'unknown'
    ? 'cannot be linked'
    : `${plural(insnsProcessed, 'instruction')} processed, ${plural(totalStates, 'state')}, ${milliseconds(ms)}`;

/** Prints a verdict for people: one line, and below it why not. */
export function printJudgement(io: Io, judgement: Judgement): void {
  const { verdict, program, type } = judgement;
  const word = styled(io, io.stdout, STYLES[verdict], verdict);
  io.stdout.write(`${word}  ${program} (${type}): ${numbers(judgement)}\n`);
  if (verdict === 'accept') return;
  for (const line of diagnosis(io, judgement)) io.stdout.write(`${INDENT}${line}\n`);
}

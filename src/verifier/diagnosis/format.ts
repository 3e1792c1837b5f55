/** A rejection as text for people. */
import type { SourceLine } from '../../errors.ts';
import type { PathStep, RegisterState, Rejection } from '../verification.ts';
import { baseName } from './source.ts';

export interface FormatOptions {
  /** ANSI colours. Default false. */
  readonly color?: boolean;
}

type Paint = (text: string) => string;

interface Palette {
  readonly problem: Paint;
  readonly hint: Paint;
  readonly dim: Paint;
}

const plain: Paint = (text) => text;
const sgr =
  (code: number): Paint =>
  (text) =>
    `\x1b[${code}m${text}\x1b[0m`;

const PLAIN: Palette = { problem: plain, hint: plain, dim: plain };
const COLOURS: Palette = { problem: sgr(1), hint: sgr(32), dim: sgr(2) };

const placeOf = (source: SourceLine | undefined, insn: number): string =>
  source === undefined || source.line === 0 ? `insn ${insn}` : `${baseName(source.file)}:${source.line}`;

/** `filter.bpf.c:23  if (eth + 1 > data_end)  → line 25`. */
function stepLine(step: PathStep): string {
  const place = placeOf(step.source, step.insn);
  const text = step.source?.text ?? '';
  const target =
    step.enters === undefined
      ? `→ ${placeOf(step.target, step.to).replace(/^.*:/, 'line ')}`
      : `enters ${step.enters}()`;
  const times = step.count === undefined ? '' : `, ${step.count} times`;
  return [place, text, target + times].filter((part) => part !== '').join('  ');
}

function pathLines({ path, earlier }: Rejection, dim: Paint): string[] {
  if (path.length === 0) return [];
  const before = earlier > 0 ? [dim(`    … ${earlier} branches before`)] : [];
  return ['  path:', ...before, ...path.map((step) => `    ${stepLine(step)}`)];
}

const registerLine = ({ register, state, origin }: RegisterState): string =>
  `    r${register}: ${state}${origin === undefined ? '' : `, from ${origin}`}`;

function registerLines({ registers }: Rejection): string[] {
  return registers.length === 0 ? [] : ['  registers:', ...registers.map(registerLine)];
}

function instructionLines({ source, insn, instruction }: Rejection, dim: Paint): string[] {
  const text = source?.text ?? '';
  return [
    ...(text === '' ? [] : [`    ${text}`]),
    ...(instruction === '' ? [] : [dim(`    ${insn}: ${instruction}`)]),
  ];
}

/** A rejection as lines of text: what is wrong, where, how the program gets there, what would be right. */
export function formatRejection(rejection: Rejection, { color = false }: FormatOptions = {}): string[] {
  const { problem, hint, dim } = color ? COLOURS : PLAIN;
  const { summary, reason } = rejection;
  const said = summary.includes(reason) ? [] : [dim(`  kernel: ${reason}`)];
  return [
    problem(summary),
    ...instructionLines(rejection, dim),
    ...(rejection.hint === '' ? [] : [hint(`  to fix: ${rejection.hint}`)]),
    ...said,
    ...pathLines(rejection, dim),
    ...registerLines(rejection),
  ];
}

import { WebpfError } from '../index.ts';
import type { Io } from './io.ts';

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, '; ');

/** A message with what it does not say itself: the program or file, the instruction, the source line. */
function complete({ message, subject, insn, source }: WebpfError): string {
  const parts = [subject !== undefined && !message.includes(subject) ? `${subject}: ${message}` : message];
  if (insn !== undefined && !/\binsn\b|instruction/.test(message)) parts.push(`at instruction ${insn}`);
  if (source && !message.includes(`${source.file}:${source.line}`)) {
    const text = source.text.trim();
    parts.push(`(${source.file}:${source.line}${text === '' ? '' : `: ${text}`})`);
  }
  return parts.join(' ');
}

/** One line for people: what was wrong, where, and what would be right. */
export function describeError(error: unknown): string {
  if (error instanceof WebpfError) return oneLine(complete(error));
  if (error instanceof Error && 'syscall' in error) return oneLine(error.message);
  const message = error instanceof Error ? error.message : String(error);
  return `internal error: ${oneLine(message)} (WEBPF_DEBUG=1 shows where)`;
}

/** Prints an error; its stack only for those who look for a bug in webpf itself. */
export function printError(io: Io, error: unknown): void {
  io.stderr.write(`webpf: ${describeError(error)}\n`);
  if (io.env.WEBPF_DEBUG === '1' && error instanceof Error) io.stderr.write(`${error.stack}\n`);
}

export const printWarning = (io: Io, message: string): void =>
  io.stderr.write(`webpf: warning: ${oneLine(message)}\n`);

export const printNote = (io: Io, message: string): void =>
  io.stderr.write(`webpf: note: ${oneLine(message)}\n`);

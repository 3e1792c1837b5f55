import { shrink } from '../nodiff/shrink.ts';
import type { Finding, Judge, JudgeOptions } from './judge.ts';
import { kindOfMessage } from './kernel.ts';
import { type Subject, withCode } from './subject.ts';

/** Whether the same thing is still wrong: the same kind, with the same words but for numbers. */
function isSame(finding: Finding, other: Finding): boolean {
  if (finding.kind !== other.kind) return false;
  const words = ({ kind, message }: Finding): string =>
    kind === 'violation' ? (message.match(/fact "\w+"/)?.[0] ?? '') : kindOfMessage(message).slice(0, 40);
  return finding.kind === 'differs' || words(finding) === words(other);
}

/** The smallest program found that shows the same. */
export async function smallest(
  judge: Judge,
  subject: Subject,
  finding: Finding,
  options: JudgeOptions,
): Promise<Subject> {
  const { program } = subject;
  const job = {
    code: program.code,
    maps: program.maps,
    tails: new Map<string, Uint8Array>(),
    context: 'xdp',
    mode: 'sandbox',
    budget: undefined,
  } as const;
  const needsKernel = finding.kind === 'kernel';
  const how = {
    ...options,
    kernel: needsKernel ? options.kernel : undefined,
    jit: finding.kind === 'differs',
  };
  const found = await shrink(job, async ({ code }) => {
    const { findings } = await judge.judge(withCode(subject, code), how);
    return findings.some((other) => isSame(finding, other));
  });
  return withCode(subject, found.code);
}

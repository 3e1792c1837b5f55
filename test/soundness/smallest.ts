import type { Finding, Judge, JudgeOptions } from './judge.ts';
import { kindOfMessage } from './kernel.ts';
import { shrink } from './shrink.ts';
import type { Subject } from './subject.ts';

/** Words that tell findings of one kind apart; what a program is made to differ by may change while it shrinks. */
function wordsOf({ kind, message }: Finding): string {
  if (kind === 'differs') return '';
  if (kind === 'violation') return message.match(/fact "\w+"/)?.[0] ?? '';
  return kindOfMessage(message).slice(0, 60);
}

/** The smallest program in which the same is wrong. */
export function smallest(
  judge: Judge,
  subject: Subject,
  finding: Finding,
  options: JudgeOptions,
): Promise<Subject> {
  const asksKernel = finding.kind === 'kernel' || finding.kind === 'strict';
  const how = {
    ...options,
    kernel: asksKernel ? options.kernel : undefined,
    runs: asksKernel ? 0 : options.runs,
    jit: finding.kind === 'differs',
  };
  const words = wordsOf(finding);
  return shrink(subject, async (smaller) => {
    const { findings } = await judge.judge(smaller, how);
    return findings.some((other) => other.kind === finding.kind && wordsOf(other) === words);
  });
}

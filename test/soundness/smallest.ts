import { type Finding, type Judge, type JudgeOptions, wordsOf } from './judge.ts';
import { shrink } from './shrink.ts';
import type { Subject } from './subject.ts';

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

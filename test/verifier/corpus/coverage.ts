/** Which rules of the kernel's verifier the corpus speaks of. */
import type { CorpusFile } from './case.ts';

/** Rules that a program can keep or break, by number. */
export const RULES: readonly number[] = Array.from({ length: 39 }, (_, index) => index + 1);

export interface Coverage {
  readonly rule: number;
  readonly files: readonly string[];
  readonly accepted: number;
  readonly rejected: number;
}

export const coverage = (files: readonly CorpusFile[]): readonly Coverage[] =>
  RULES.map((rule) => {
    const cases = files.flatMap((file) => file.cases).filter(({ rules }) => rules.includes(rule));
    const count = (verdict: string): number =>
      cases.filter(({ outcome }) => outcome?.verdict === verdict).length;
    return {
      rule,
      files: [...new Set(cases.map(({ file }) => file))],
      accepted: count('accept'),
      rejected: count('reject'),
    };
  });

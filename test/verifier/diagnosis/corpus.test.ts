import { describe, expect, test } from 'vitest';
import { WebpfError } from '../../../src/errors.ts';
import type { Program } from '../../../src/frontend/program.ts';
import type { Rejection } from '../../../src/verifier/verification.ts';
import { verify } from '../../../src/verifier/verify.ts';
import { type Case, readCorpus } from '../corpus/case.ts';
import { optionsOf } from '../corpus/place.ts';
import { build } from '../corpus/program.ts';

/** Reasons for which there is nothing to say of what would be right. */
const WITHOUT_HINT: readonly RegExp[] = [];

/** The case's program; undefined where the assembler or the linker refuses it. */
function programOf(one: Case): Program | undefined {
  try {
    return build(one).program;
  } catch (error) {
    if (error instanceof WebpfError) return undefined;
    throw error;
  }
}

interface Said {
  readonly where: string;
  readonly rejection: Rejection;
}

const said: Said[] = [];
for (const { cases } of readCorpus()) {
  for (const one of cases) {
    const program = programOf(one);
    if (program === undefined) continue;
    const { rejection } = await verify(program, optionsOf(one.place));
    if (rejection !== undefined) said.push({ where: `${one.file}:${one.line} ${one.name}`, rejection });
  }
}

const those = (isWrong: (rejection: Rejection) => boolean): readonly string[] =>
  said
    .filter(({ rejection }) => isWrong(rejection))
    .map(({ where, rejection }) => `${where}: ${rejection.summary}`);

describe('what is said of the refused programs of the corpus', () => {
  test('are some hundred programs', () => {
    expect(said.length).toBeGreaterThan(500);
  });

  test('has what would be right', () => {
    const mute = (reason: string): boolean => WITHOUT_HINT.some((pattern) => pattern.test(reason));
    expect(those(({ hint, reason }) => hint === '' && !mute(reason))).toEqual([]);
  });

  test('is one line that says where', () => {
    expect(those(({ summary, hint }) => /\n/.test(summary + hint))).toEqual([]);
    expect(
      those(({ summary }) => !/^(insn \d+|main:\d+|jump out|unreachable|subprogram|the )/.test(summary)),
    ).toEqual([]);
  });

  test('has no holes', () => {
    const holes = /undefined|NaN|\[object|\(\)\(| {2}|\$\d|\bmap ,/;
    expect(those(({ summary, hint }) => holes.test(`${summary} ${hint}`))).toEqual([]);
  });

  test('does not only repeat the kernel where the walk refused', () => {
    const isStructural = ({ path, registers, reason }: Rejection): boolean =>
      path.length === 0 && registers.length === 0 && /^(insn|jump|unreachable|the call stack)/.test(reason);
    const isBare = ({ summary, reason }: Rejection): boolean => summary.endsWith(`: ${reason}`);
    const words = those((one) => isBare(one) && !isStructural(one));
    expect(words.filter((text) => !/needs what webpf does not have|without CAP_BPF/.test(text))).toEqual([]);
  });
});

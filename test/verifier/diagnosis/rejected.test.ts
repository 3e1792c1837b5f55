import { describe, expect, test } from 'vitest';
import { verify } from '../../../src/verifier/verify.ts';
import { OBJECTS, type ObjectName, programsOf } from './objects.ts';
import golden from './rejected.json' with { type: 'json' };

// Typical mistakes in C, each with the sentence that is said of it: read rejected.json as a person would.

interface Expected {
  readonly unprivileged?: boolean;
  readonly insn: number;
  readonly line: number;
  readonly reason: string;
  readonly summary: string;
  readonly hint: string;
}

const expected = golden as Readonly<Record<ObjectName, Readonly<Record<string, Expected>>>>;

describe.each(OBJECTS)('rejected-%s', (name) => {
  const programs = programsOf(name);

  test('has an expectation for each program', () => {
    expect(programs.map((program) => program.name).sort()).toEqual(Object.keys(expected[name]).sort());
  });

  test.each(programs.map((program) => [program.name, program] as const))('%s', async (program, linked) => {
    const { unprivileged = false, ...said } = expected[name][program] ?? { insn: -1 };
    const { verdict, rejection } = await verify(linked, { unprivileged });
    expect(verdict).toBe('reject');
    const { insn, source, reason, summary, hint } = rejection ?? {};
    expect({ insn, line: source?.line, reason, summary, hint }).toEqual(said);
  });
});

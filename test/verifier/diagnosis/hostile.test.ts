import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WebpfError } from '../../../src/errors.ts';
import type { Btf, BtfType } from '../../../src/frontend/btf/types.ts';
import { openObject } from '../../../src/frontend/object.ts';
import type { Program } from '../../../src/frontend/program.ts';
import { explainStructure } from '../../../src/verifier/explain.ts';
import type { Rejection } from '../../../src/verifier/verification.ts';
import { verify } from '../../../src/verifier/verify.ts';
import { bytesOf, OBJECTS, programsOf } from './objects.ts';

// Whatever the program and its BTF: there is a reason, and never an error of the diagnosis.

const programs = OBJECTS.flatMap(programsOf);
const program = fc.constantFrom(...programs);

/** Walks are kept short: the diagnosis is what is tried. */
const OPTIONS = { maxInsns: 3000 } as const;

/** Errors of other stages on damaged types are not the diagnosis's. */
const isOurs = (error: unknown): boolean =>
  error instanceof Error && /verifier\/(diagnosis|explain)/.test(error.stack ?? '');

async function tried(one: Program): Promise<Rejection | undefined> {
  try {
    return (await verify(one, OPTIONS)).rejection;
  } catch (error) {
    if (isOurs(error)) throw error;
    return undefined;
  }
}

function check(rejection: Rejection | undefined): void {
  if (rejection === undefined) return;
  const { reason, summary, hint, path } = rejection;
  expect(reason).not.toBe('');
  expect(summary).not.toBe('');
  expect(`${summary}${hint}`).not.toMatch(/\n/);
  expect(path.length).toBeLessThanOrEqual(32);
}

const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });

const damaged = (bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  for (const [at, value] of changes) copy[at % copy.length] = value;
  return copy;
};

/** Types that refer to others, to themselves, to none. */
const types = (btf: Btf, seed: readonly number[]): Btf => {
  const changed = btf.types.map((type, id): BtfType => {
    const other = seed[id % seed.length] ?? 0;
    if (!('type' in type) || other % 3 !== 0) return type;
    return { ...type, type: other % (btf.types.length + 2) } as BtfType;
  });
  return { types: changed };
};

const withTypes = (one: Program, seed: readonly number[]): Program => {
  const btf = one.btf === undefined ? undefined : types(one.btf, seed);
  const maps = one.maps.map((map) => ({ ...map, btf, valueTypeId: seed[0], keyTypeId: seed[1] }));
  return { ...one, btf, maps };
};

const text = fc.oneof(
  fc.string(),
  fc.string().map((s) => `(->|\\.)[${s}]->${s}`),
  fc.constant('a'.repeat(50_000)),
  fc.constant('*('.repeat(10_000)),
  fc.constant('x['.repeat(10_000)),
);

describe('the diagnosis never fails', () => {
  test('of damaged instructions', async () => {
    await fc.assert(
      fc.asyncProperty(program, damage, async (one, changes) => {
        check(await tried({ ...one, code: damaged(one.code, changes) }));
      }),
      { numRuns: 600 },
    );
  });

  test('of damaged objects', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...OBJECTS), damage, async (name, changes) => {
        try {
          for (const one of openObject(damaged(bytesOf(name), changes), name).programs.slice(0, 6)) {
            check(await tried(one));
          }
        } catch (error) {
          if (!(error instanceof WebpfError)) throw error;
        }
      }),
      { numRuns: 100 },
    );
  });

  test('of types that lead nowhere or in circles', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.array(fc.nat(60), { minLength: 2, maxLength: 20 }), async (one, seed) => {
        check(await tried(withTypes(one, seed)));
      }),
      { numRuns: 300 },
    );
  });

  test('of source lines that are no C', async () => {
    await fc.assert(
      fc.asyncProperty(program, text, fc.integer(), async (one, line, column) => {
        const lines = one.lines.map((info) => ({ ...info, text: line, file: line, column }));
        check(await tried({ ...one, lines }));
      }),
      { numRuns: 200 },
    );
  });

  test('of structural errors at slots that do not exist', () => {
    const [one] = programs;
    if (one === undefined) throw new Error('there is no program');
    for (const slot of [-5, 0, 1e9]) {
      const { reason, summary } = explainStructure(one, 'unreachable insn 5', slot);
      expect(reason).toBe('unreachable insn 5');
      expect(summary).toContain('unreachable insn 5');
    }
  });
});

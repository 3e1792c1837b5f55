import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { ask } from './ask.ts';
import { assertionsOf } from './assertions.ts';
import { readCorpus } from './case.ts';
import { problems, saidOf, type Verify } from './compare.ts';
import { coverage } from './coverage.ts';
import { renderDocument } from './document.ts';
import { openJudges } from './judges.ts';
import { asksForStates, placedLines } from './lines.ts';
import { statesOf } from './log.ts';

// Small programs, each with what the Linux kernel says of it: the rules our verifier is judged by. To record
// them again, as root: npm run corpus:record

/** The kernel the corpus was recorded on; others word some things differently. */
const RECORDED = '6.18';
/** One case in so many is asked about again. */
const SLICE = 8;

const files = readCorpus();
const cases = files.flatMap((file) => file.cases);

const verifier = new URL('../../../src/verifier/verify.ts', import.meta.url);
const verify: Verify | undefined = existsSync(verifier)
  ? ((await import(/* @vite-ignore */ verifier.href)) as { verify: Verify }).verify
  : undefined;
if (verify === undefined) console.log('there is no src/verifier/verify.ts yet: it is not judged');

const judges = release().startsWith(`${RECORDED}.`) ? await openJudges() : `Linux ${release()}`;
if (typeof judges === 'string') console.log(`the corpus is not recorded again: ${judges}`);

describe('the corpus', () => {
  test('has at least 400 cases, each recorded and with a name of its own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(400);
    const names = cases.map(({ file, name }) => `${file}: ${name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(cases.filter(({ outcome }) => outcome === undefined).map(({ name }) => name)).toEqual([]);
  });

  test('has programs that keep each rule and programs that break it', () => {
    const lacking = coverage(files).filter(({ accepted, rejected }) => accepted === 0 || rejected === 0);
    expect(lacking).toEqual([]);
  });

  test('has states to compare, all of them recorded', () => {
    const assertions = cases.filter(asksForStates).flatMap((one) => assertionsOf(placedLines(one)));
    expect(assertions.length).toBeGreaterThanOrEqual(80);
    expect(assertions.filter(({ text }) => text === '?' || text === 'unseen')).toEqual([]);
  });

  test('is read and written back without a loss', () => {
    for (const { document, path, name } of files)
      expect(renderDocument(document), name).toBe(readFileSync(path, 'utf8'));
  });
});

describe.skipIf(verify === undefined)('our verifier', () => {
  if (verify === undefined) test('is not there yet', () => undefined);
  for (const { name, cases: own } of verify === undefined ? [] : files)
    describe(name, () => {
      test.each(own.map((one) => [one.name, one] as const))('%s', async (_, one) => {
        if (verify === undefined) return;
        expect(problems(one, await saidOf(verify, one))).toEqual([]);
      });
    });
});

describe.skipIf(typeof judges === 'string')('the Linux kernel', () => {
  afterAll(() => {
    if (typeof judges === 'string') return;
    judges.strong.close();
    judges.weak.close();
  });

  test('still says what was recorded', async () => {
    if (typeof judges === 'string') return;
    for (const one of cases.filter((_, index) => index % SLICE === 0)) {
      const states = asksForStates(one);
      const { outcome, log } = await ask(judges, one, states);
      expect(outcome, `${one.file}: ${one.name}`).toEqual(one.outcome);
      if (!states) continue;
      const said = { verdict: outcome.verdict, reason: '', slot: outcome.slot, log: log.split('\n') };
      const wrong = problems(
        { ...one, ours: undefined, oursMessage: '', outcome: { ...outcome, messages: [] } },
        said,
      );
      expect(wrong, `${one.file}: ${one.name}`).toEqual([]);
      expect(statesOf(said.log).length).toBeGreaterThan(0);
    }
  });
});

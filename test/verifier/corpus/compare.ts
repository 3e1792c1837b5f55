/** Holds what our verifier says of a case against what the kernel said. */
import { WebpfError } from '../../../src/errors.ts';
import type { Program } from '../../../src/frontend/program.ts';
import type { Verification, VerifyOptions } from '../../../src/verifier/verification.ts';
import { type Assertion, assertionsOf, idsIn, known, plain } from './assertions.ts';
import type { Case } from './case.ts';
import { asksForStates, placedLines } from './lines.ts';
import { statesOf } from './log.ts';
import { optionsOf } from './place.ts';
import { isAtLeast } from './precision.ts';
import { build } from './program.ts';

export type Verify = (program: Program, options: VerifyOptions) => Promise<Verification>;

/** As much of a verification as a case speaks of. */
export interface Said {
  readonly verdict: Verification['verdict'];
  readonly reason: string;
  readonly slot: number | undefined;
  readonly log: readonly string[];
}

/** What comes before the walk (assembler, linker, structure) refuses with an error. */
function refused(error: unknown): Said {
  if (!(error instanceof WebpfError)) throw error;
  return { verdict: 'reject', reason: error.message, slot: error.insn, log: [] };
}

export async function saidOf(verify: Verify, test: Case): Promise<Said> {
  try {
    const logLevel = asksForStates(test) ? 2 : 0;
    const { verdict, rejection, log } = await verify(build(test).program, {
      ...optionsOf(test.place),
      logLevel,
    });
    return { verdict, reason: rejection?.reason ?? '', slot: rejection?.insn, log };
  } catch (error) {
    return refused(error);
  }
}

/** Ids are each verifier's own. */
const withoutIds = (text: string): string =>
  text.replace(/\bid=\d+/g, 'id=#').replace(/\bmap '\w*'/g, "map ''");

function messageProblems({ outcome, oursMessage }: Case, { reason }: Said): readonly string[] {
  const messages = oursMessage === '' ? (outcome?.messages ?? []) : [oursMessage];
  if (messages.some((message) => message.startsWith('errno '))) return [];
  const wording = withoutIds(reason);
  if (messages.length === 0 || messages.some((message) => wording.includes(withoutIds(message)))) return [];
  return [`says '${reason}', not '${messages.join("' or '")}'`];
}

/** A check of ours that comes before the walk may stop elsewhere. */
function slotProblems({ outcome, oursMessage }: Case, { slot }: Said): readonly string[] {
  if (oursMessage !== '' || outcome?.slot === undefined || outcome.slot === slot) return [];
  return [`ends at ${slot}, not at ${outcome.slot}`];
}

/** Where two texts name ids that were paired with others before. */
class IdPairs {
  readonly #pairs = new Map<string, string>();

  conflict(theirs: string, ours: string): boolean {
    const [a, b] = [idsIn(theirs), idsIn(ours)];
    if (a.length !== b.length) return false;
    return a.some((id, index) => {
      const known = this.#pairs.get(id) ?? b[index] ?? '';
      this.#pairs.set(id, known);
      return known !== b[index];
    });
  }
}

const placeOf = ({ slot, taken, place }: Assertion): string => `${slot}${taken ? ' (taken)' : ''}: ${place}`;

function stateProblems(test: Case, { log }: Said): readonly string[] {
  const states = statesOf(log);
  const ids = new IdPairs();
  return assertionsOf(placedLines(test)).flatMap((assertion) => {
    const ours = known(assertion, states);
    if (ours === undefined) return [`${placeOf(assertion)} is not in the log`];
    if (plain(ours) !== plain(assertion.text) && !isAtLeast(ours, assertion.text))
      return [`${placeOf(assertion)}=${ours}, not ${assertion.text}`];
    return ids.conflict(assertion.text, ours) ? [`${placeOf(assertion)}=${ours}: not the id it had`] : [];
  });
}

/** Everything in which our verifier differs from the kernel, or from what the case says it does instead. */
export function problems(test: Case, said: Said): readonly string[] {
  const { outcome, ours } = test;
  const expected = ours?.verdict ?? outcome?.verdict;
  if (said.verdict !== expected) return [`${said.verdict} (${said.reason}), not ${expected}`];
  if (ours !== undefined) return [];
  const rejected =
    said.verdict === 'reject' ? [...messageProblems(test, said), ...slotProblems(test, said)] : [];
  return [...rejected, ...(asksForStates(test) ? stateProblems(test, said) : [])];
}

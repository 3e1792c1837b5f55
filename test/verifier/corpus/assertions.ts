/**
 * States in the comments of a case's assembly, in the kernel's own words:
 *
 *   r2 &= 7            ; R2=scalar(...)                     after the instruction, the first time it is walked
 *   if r2 > 5 goto x   ; R2=scalar(...) | R2=scalar(...)    where the jump falls through | where it is taken
 *
 * `R2=?` asks the recorder to write it.
 */
import { type LogState, valuesOf } from './log.ts';

export interface Assertion {
  readonly slot: number;
  readonly taken: boolean;
  /** `R2` or `fp-8`. */
  readonly place: string;
  readonly text: string;
}

const COMMENT = /^(.*?;\s*)((?:-\s*\||R\d+=|fp-\d+=).*)$/;

/** The comment's two halves, and what stands before it; undefined when the comment is no assertion. */
function split(line: string): { readonly before: string; readonly halves: readonly string[] } | undefined {
  const match = COMMENT.exec(line);
  if (match === null) return undefined;
  return { before: match[1] ?? '', halves: (match[2] ?? '').split(/\s+\|\s+|^-?\s*\|\s+/) };
}

const parse = (line: string, slot: number): readonly Assertion[] =>
  (split(line)?.halves ?? []).flatMap((half, index) =>
    [...valuesOf(half)].map(([place, text]) => ({ slot, taken: index === 1, place, text })),
  );

export interface PlacedLine {
  readonly text: string;
  readonly slot: number;
}

export const assertionsOf = (lines: readonly PlacedLine[]): readonly Assertion[] =>
  lines.flatMap(({ text, slot }) => parse(text, slot));

const isAt = (state: LogState, { slot, taken }: Pick<Assertion, 'slot' | 'taken'>): boolean =>
  state.slot === slot && (state.target !== undefined) === taken;

/** What the log says at the place of an assertion; undefined when it says nothing. */
export const seen = (
  assertion: Pick<Assertion, 'slot' | 'taken' | 'place'>,
  states: readonly LogState[],
): string | undefined =>
  states
    .find((state) => isAt(state, assertion) && state.values.has(assertion.place))
    ?.values.get(assertion.place);

/** The same, for logs that print only what has changed: what was said last on the way there. */
export function known(assertion: Assertion, states: readonly LogState[]): string | undefined {
  const exact = seen(assertion, states);
  if (exact !== undefined || assertion.taken) return exact;
  const index = states.findIndex((state) => isAt(state, assertion));
  return states
    .slice(0, index + 1)
    .findLast(({ values }) => values.has(assertion.place))
    ?.values.get(assertion.place);
}

/** Where a jump leads to a state that is known already, the kernel prints nothing of it. */
function filled(half: string, at: Pick<Assertion, 'slot' | 'taken'>, states: readonly LogState[]): string {
  return [...valuesOf(half).keys()]
    .map((place) => ({ place, text: seen({ ...at, place }, states) }))
    .filter(({ text }) => text !== undefined || !at.taken)
    .map(({ place, text }) => `${place}=${text ?? 'unseen'}`)
    .join(' ');
}

/** The line with every assertion filled from the log. */
export function rewrite(line: string, slot: number, states: readonly LogState[]): string {
  const found = split(line);
  if (found === undefined) return line;
  const halves = found.halves.map((half, index) => filled(half, { slot, taken: index === 1 }, states));
  return `${found.before}${halves.map((half) => half || '-').join(' | ')}`;
}

/** Ids and names of maps are the verifier's own business, and so is what it has found to be precise. */
export function plain(text: string): string {
  return text
    .replace(/^P/, '')
    .replace(/\bmap=[^,)]*,/, '')
    .replace(/\b(?:id|ref_obj_id|dynptr_id)=\d+([+-]\d+)?(,?)/g, (_, delta?: string, comma?: string) =>
      delta === undefined ? '' : `delta=${delta}${comma ?? ''}`,
    )
    .replace(/,\)/, ')')
    .replace('()', '');
}

/** The ids in a text, in order. */
export const idsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\b(?:id|ref_obj_id)=(\d+)/g)].map((match) => match[1] ?? '');

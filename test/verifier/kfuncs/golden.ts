import { readFileSync } from 'node:fs';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { createMaps } from '../helpers/maps.ts';
import { type Place, placeName } from '../helpers/places.ts';
import { loadable } from '../helpers/probe.ts';
import { askCalls, type CallAnswer, refusalAt } from './ask.ts';
import { type Prototype, readKfuncs } from './vmlinux.ts';

/** The kernel's answers as kept in golden.json. */
export interface Golden {
  readonly kernel: string;
  readonly places: readonly string[];
  readonly prototypes: Readonly<Record<string, Prototype>>;
  /** By the answers of all places, a letter each: the functions with these answers. */
  readonly refusals: Readonly<Record<string, readonly string[]>>;
  readonly calls: Readonly<Record<string, CallAnswer>>;
}

export const GOLDEN_FILE = new URL('golden.json', import.meta.url);

export const readGolden = (): Golden => JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as Golden;

const LETTERS: readonly (readonly [text: string, letter: string])[] = [
  ['is not allowed', '-'],
  ['must be sleepable', 's'],
  ['require device-bound', 'd'],
  ['css_task_iter', 'c'],
];

/** `.` for no refusal. */
export const refusalLetter = (refusal: string): string =>
  refusal === '' ? '.' : (LETTERS.find(([text]) => refusal.includes(text))?.[1] ?? '?');

/** Functions by what an oracle says of them in all places. */
export async function refusals(
  names: readonly string[],
  places: readonly Place[],
  refusal: (place: Place, name: string) => Promise<string> | string,
): Promise<Golden['refusals']> {
  const byLetters: Record<string, string[]> = {};
  for (const name of names) {
    const answers = await Promise.all(places.map((place) => refusal(place, name)));
    const letters = answers.map(refusalLetter).join('');
    byLetters[letters] = [...(byLetters[letters] ?? []), name];
  }
  return byLetters;
}

/** Asks the running kernel. */
export async function askKernel(judge: KernelJudge, release: string): Promise<Golden> {
  const places = await loadable(judge);
  const maps = await createMaps(judge);
  const { ids, prototypes } = readKfuncs();
  return {
    kernel: release,
    places: places.map(placeName),
    prototypes,
    refusals: await refusals([...ids.keys()], places, (place, name) => refusalAt(judge, ids, place, name)),
    calls: await askCalls(judge, ids, places, maps),
  };
}

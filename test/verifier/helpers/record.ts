import { HELPERS, refusalOf } from '../../../src/verifier/helpers/index.ts';
import { type MapIds, NO_MAPS } from './maps.ts';
import { type Call, callAt, calls, isComplete, specimensAt } from './matrix.ts';
import type { Oracle } from './oracles.ts';
import { type Place, placeName } from './places.ts';
import { packetIn7 } from './specimens.ts';

/** What an oracle says of everything, in a form small enough to keep. */
export interface AnswerRecord {
  /** Places by letters for helper 1 and on: `.` may be called, `-` not, `g` for its license, `s` since it sleeps. */
  readonly granted: Readonly<Record<string, readonly string[]>>;
  /** By helper and place: for r1 and on a letter for each specimen, sizes, and the registers expected. */
  readonly registers: Readonly<Record<string, readonly string[]>>;
  /** By helper and place: r0 after the call. */
  readonly results: Readonly<Record<string, string>>;
  /** By place: helpers after which packet pointers are lost. */
  readonly moves: Readonly<Record<string, readonly string[]>>;
}

type Letters = readonly (readonly [text: string, letter: string])[];

const letterOf = (text: string, letters: Letters): string =>
  text === '' ? '.' : (letters.find(([part]) => text.includes(part))?.[1] ?? '?');

const REFUSALS: Letters = [
  ['cannot use helper', '-'],
  ['cannot call GPL', 'g'],
  ['might sleep', 's'],
];
const ANSWERS: Letters = [
  ['!read_ok', 'u'],
  [' type=', 't'],
  ['access to the packet', 'p'],
  ['min value', 'n'],
  ['zero-sized', 'z'],
  ['write into map', 'w'],
  ['read from map', 'r'],
  ['misaligned', 'a'],
];

async function grantLetters(oracle: Oracle, place: Place): Promise<string> {
  // Operations of the kernel are refused whole without a license of the GPL.
  const license = place.type === 'struct_ops' ? 'GPL' : 'Proprietary';
  const letters = [...HELPERS.values()].map(async ({ id, refusedByConfig }) =>
    refusedByConfig === undefined ? letterOf(await oracle.refusal(place, id, license), REFUSALS) : '?',
  );
  return (await Promise.all(letters)).join('');
}

export async function grants(oracle: Oracle, places: readonly Place[]): Promise<AnswerRecord['granted']> {
  const byLetters: Record<string, string[]> = {};
  for (const place of places) {
    const letters = await grantLetters(oracle, place);
    byLetters[letters] = [...(byLetters[letters] ?? []), placeName(place)];
  }
  return byLetters;
}

async function registerLine(oracle: Oracle, call: Call, position: number, maps: MapIds): Promise<string> {
  const specimens = specimensAt(call.place, maps);
  const answers = await Promise.all(
    specimens.all.map((specimen) => oracle.answer({ call, position, specimen, specimens })),
  );
  const letters = answers.map((text) => (text.includes('may write') ? 'm' : letterOf(text, ANSWERS)));
  const details = answers.flatMap((text) => /expected=.*$|\bsize=\d+$/.exec(text)?.[0] ?? []);
  return [letters.join(''), ...new Set(details)].join(' ');
}

async function registerLines(oracle: Oracle, call: Call, maps: MapIds): Promise<readonly string[]> {
  const last = Math.min(call.args.length, call.valid.length, 4);
  const lines: string[] = [];
  for (let position = 0; position <= last; position++)
    lines.push(await registerLine(oracle, call, position, maps));
  return lines;
}

/** Calls of a place that all registers can be had for. */
function callsAt(place: Place, maps: MapIds): readonly Call[] {
  return [...HELPERS.values()]
    .filter(({ id }) => refusalOf(id, { ...place, license: 'GPL' }) === undefined)
    .map((helper) => callAt(helper, place, maps))
    .filter(isComplete);
}

async function moves(oracle: Oracle, places: readonly Place[], maps: MapIds): Promise<AnswerRecord['moves']> {
  const found: Record<string, string[]> = {};
  for (const place of places) {
    const packet = packetIn7(place);
    if (packet === undefined) continue;
    const all = callsAt(place, maps);
    const moving = await Promise.all(all.map((call) => oracle.moves(call, packet)));
    found[placeName(place)] = all.filter((_, index) => moving[index]).map(({ helper }) => helper.name);
  }
  return found;
}

/** Asks everything: some 50,000 questions. `maps`: those of the kernel that is asked. */
export async function record(
  oracle: Oracle,
  places: readonly Place[],
  maps: MapIds = NO_MAPS,
): Promise<AnswerRecord> {
  const registers: Record<string, readonly string[]> = {};
  const results: Record<string, string> = {};
  for (const call of calls(places, maps)) {
    const name = `${call.helper.name} ${placeName(call.place)}`;
    registers[name] = await registerLines(oracle, call, maps);
    if (isComplete(call)) results[name] = await oracle.result(call);
  }
  return {
    granted: await grants(oracle, places),
    registers,
    results,
    moves: await moves(oracle, places, maps),
  };
}

import { mapTypeRefusal } from '../../../src/verifier/helpers/mapTypes.ts';
import type { KernelJudge } from '../../kernel/kernel.ts';
import { MAP_OF_TYPE, type MapIds } from './maps.ts';
import { type Call, callAt, calls } from './matrix.ts';
import { type Place, placeName } from './places.ts';
import { ask, complaintOf } from './probe.ts';
import * as s from './specimens.ts';

/** Map types (enum bpf_map_type) that a helper takes and refuses; other complaints say nothing. */
export interface MapAnswer {
  readonly helper: number;
  readonly places: readonly string[];
  readonly takes: readonly number[];
  readonly refuses: readonly number[];
}

const REFUSAL = /cannot pass map_type|callback function not allowed for map|cannot update sockmap/;
const CHANGES = /map_(update|delete)_elem/;

/** Calls with a map: one of each, and in every place of those that change elements. */
function mapCalls(places: readonly Place[], maps: MapIds): readonly Call[] {
  return calls(places, maps)
    .filter(({ args }) => args.some(({ kind }) => kind === 'map'))
    .flatMap((call) =>
      CHANGES.test(call.helper.name) ? places.map((place) => callAt(call.helper, place, maps)) : [call],
    );
}

async function askOne(judge: KernelJudge, call: Call, maps: MapIds): Promise<MapAnswer> {
  const takes: number[] = [];
  const refuses: number[] = [];
  const position = call.args.findIndex(({ kind }) => kind === 'map');
  for (const [type, name] of MAP_OF_TYPE) {
    const registers = call.args.map((_, index) => call.valid[index] ?? s.NULL);
    registers[position] = s.mapPointer(maps, name);
    const complaint = complaintOf(await ask(judge, call.place, call.helper.id, registers));
    if (REFUSAL.test(complaint)) refuses.push(type);
    else if (complaint === '') takes.push(type);
  }
  const sorted = (types: number[]): readonly number[] => types.sort((a, b) => a - b);
  return {
    helper: call.helper.id,
    places: [placeName(call.place)],
    takes: sorted(takes),
    refuses: sorted(refuses),
  };
}

export async function askMapTypes(
  judge: KernelJudge,
  places: readonly Place[],
  maps: MapIds,
): Promise<readonly MapAnswer[]> {
  const answers = await Promise.all(mapCalls(places, maps).map((call) => askOne(judge, call, maps)));
  const groups = new Map<string, MapAnswer>();
  for (const answer of answers) {
    const key = `${answer.helper} ${answer.takes} ${answer.refuses}`;
    const same = groups.get(key)?.places ?? [];
    groups.set(key, { ...answer, places: [...same, ...answer.places] });
  }
  return [...groups.values()];
}

/** Where the tables say something else. */
export function mapDifferences(answers: readonly MapAnswer[], places: readonly Place[]): readonly string[] {
  return answers.flatMap(({ helper, places: names, takes, refuses }) =>
    names.flatMap((name) => {
      const place = places.find((candidate) => placeName(candidate) === name);
      if (place === undefined) return [`no place ${name}`];
      const says = (type: number): boolean => mapTypeRefusal(helper, type, place) === undefined;
      const wrong = [...takes.filter((type) => !says(type)), ...refuses.filter(says)];
      return wrong.map((type) => `helper ${helper} at ${name}, map type ${type}`);
    }),
  );
}

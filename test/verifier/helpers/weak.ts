import { refusalOf } from '../../../src/verifier/helpers/index.ts';
import type { Argument } from '../../../src/verifier/helpers/types.ts';
import { KernelJudge } from '../../kernel/kernel.ts';
import { createMaps, type MapIds, NO_MAPS } from './maps.ts';
import { type Call, calls, isComplete } from './matrix.ts';
import { kernel, tables } from './oracles.ts';
import { type Place, placeName, placesNamed } from './places.ts';
import { ask, complaintOf, loadable } from './probe.ts';
import { type AnswerRecord, grants } from './record.ts';
import * as s from './specimens.ts';

/** What changes for a loader without CAP_PERFMON, who may not pass uninitialised stack. */
export interface WeakAnswers {
  readonly places: readonly string[];
  readonly granted: AnswerRecord['granted'];
  /** By helper and place: a letter for each register; `i` must be initialised memory, `u` need not, `-` is no memory. */
  readonly memory: Readonly<Record<string, string>>;
}

/** Helpers whose memory may not be on the stack at all. */
const NOT_STACK = ['bpf_dynptr_from_mem'];

function weakCalls(places: readonly Place[], maps: MapIds): readonly Call[] {
  return calls(places, maps).filter(
    (call) =>
      isComplete(call) &&
      !NOT_STACK.includes(call.helper.name) &&
      !call.valid.includes(s.task) &&
      refusalOf(call.helper.id, { ...call.place, license: 'GPL', perfmon: false }) === undefined,
  );
}

const isMemory = ({ kind }: Argument): boolean => ['memory', 'mapKey', 'mapValue'].includes(kind);

async function memoryLetters(judge: KernelJudge, { place, helper, args, valid }: Call): Promise<string> {
  const letters = args.map(async (argument, position) => {
    if (!isMemory(argument)) return '-';
    const complaint = complaintOf(await ask(judge, place, helper.id, valid.with(position, s.unwritten)));
    return complaint === '' ? 'u' : complaint.startsWith('invalid read from stack') ? 'i' : '?';
  });
  return (await Promise.all(letters)).join('');
}

const predictedLetters = ({ args }: Call): string =>
  args
    .map((argument) =>
      !isMemory(argument) ? '-' : 'access' in argument && argument.access === 'uninit' ? 'u' : 'i',
    )
    .join('');

const nameOf = ({ helper, place }: Call): string => `${helper.name} ${placeName(place)}`;

/** Asks a judge of its own, since what it gives up is gone for good. */
export async function askWeak(): Promise<WeakAnswers> {
  const judge = await KernelJudge.open();
  if (typeof judge === 'string') throw new Error(judge);
  const maps = await createMaps(judge);
  await judge.weaken();
  const places = await loadable(judge);
  const memory: Record<string, string> = {};
  for (const call of weakCalls(places, maps)) memory[nameOf(call)] = await memoryLetters(judge, call);
  const granted = await grants(kernel(judge), places);
  judge.close();
  return { places: places.map(placeName), granted, memory };
}

/** The same from the tables, for the places of the answers. */
export async function predictWeak({ places: names }: WeakAnswers): Promise<WeakAnswers> {
  const places = placesNamed(names);
  const memory = weakCalls(places, NO_MAPS).map((call) => [nameOf(call), predictedLetters(call)] as const);
  return {
    places: names,
    granted: await grants(tables(0, false), places),
    memory: Object.fromEntries(memory),
  };
}
